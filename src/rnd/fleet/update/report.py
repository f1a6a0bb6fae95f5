"""Reports about a tick: what would happen, what happened. Returns text; only `tell` prints."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.errors import ExitCode
from rnd.fleet.update.decide import RENDERED
from rnd.fleet.update.tick import PAST
from rnd.report import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rnd.fleet.ledger import Entry, Ledger
    from rnd.fleet.results import Outcome, Results
    from rnd.fleet.rings import Report
    from rnd.fleet.update.decide import Decision
    from rnd.fleet.update.tick import Scene

ACTING = (*PAST, "close")
LISTED = 50  # lines about single repositories
WORDS = {
    "open": "to open",
    "renew": "to renew",
    "redraft": "to make drafts again",
    "merge": "to merge",
    "close": "to close",
    "wait": "waiting",
    "conflict": "with conflicts",
    "held": "held",
    "refused": "refused",
    "blocked": "blocked",
    "nothing": "up to date",
}


def counts(scene: Scene) -> list[tuple[str, int]]:
    """Return how many repositories there are of each kind, in the words for people."""
    found = scene.count()
    return [(word, found[kind]) for kind, word in WORDS.items() if found.get(kind)]


def rings(organisation_rings: Iterable[str], ledger: Ledger, health: Mapping[str, Report]) -> list[str]:
    """Return what each ring has, and how it is."""
    lines = []
    for ring in organisation_rings:
        given = ledger.rings.get(ring)
        found = health.get(ring)
        state = f", {found.health}: {found.reason}" if found is not None else ""
        lines.append(f"{ring} {given.release}{state}" if given is not None else f"{ring} has no release yet")
    return lines


def as_text(scene: Scene, acting: Sequence[Decision], entries: Sequence[Entry], cost: str | None) -> str:
    """Return a plan: the rings, the numbers, what would change, and what that takes."""
    lines = ["Plan of the update pull requests. Nothing has been changed.", ""]
    lines += [f"  {line}" for line in rings(scene.rules.fleet.rings, scene.ledger, scene.health)]
    lines += [f"  {_subject(one)}" for one in entries]
    lines += ["", *(f"  {word} {count:,}" for word, count in counts(scene))]
    listed = [f"  {one.kind} {one.member.name}: {one.reason}" for one in acting]
    lines += ["", *_short(listed)] if listed else []
    lines += ["", f"  {cost}"] if cost and any(one.kind in RENDERED for one in acting) else []
    return "\n".join(lines)


@dataclass(frozen=True)
class NextTick:
    """What the next tick would do in some repositories.

    Attributes:
        counts: How many pull requests there are of each kind of decision that changes something.
        cost: What the checks take that it starts; None if it starts none.
    """

    counts: Mapping[str, int]
    cost: str | None = None


def next_tick(decisions: Iterable[Decision], cost: str | None) -> NextTick:
    """Return what the next tick would do."""
    counted: Counter[str] = Counter(one.kind for one in decisions)
    return NextTick({kind: counted[kind] for kind in WORDS if kind in ACTING and counted[kind]}, cost)


def next_tick_lines(tick: NextTick) -> list[str]:
    """Return what the next tick would do, and what that takes."""
    if not tick.counts:
        return ["No update pull request to open, renew, merge or close."]
    numbers = ", ".join(f"{count:,} {WORDS[kind]}" for kind, count in tick.counts.items())
    return [f"Update pull requests: {numbers}. `rnd fleet update` does that.", *([tick.cost] if tick.cost else [])]


def _subject(entry: Entry) -> str:
    return f"{entry.branch}: {entry.message.partition(chr(10))[0]}"


def subjects(entries: Iterable[Entry]) -> list[str]:
    """Return a line for each commit of the ledger."""
    return [_subject(one) for one in entries]


def _short(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f"  … and {len(lines) - LISTED:,} more; see --json"]


def tell(outcome: Outcome) -> None:
    """Print an outcome to standard error, as progress."""
    note(_line(outcome))


def _line(outcome: Outcome) -> str:
    code = f" [{outcome.code}]" if outcome.code else ""
    return f"{outcome.name}: {outcome.result}{code}: {outcome.text}"


def results_text(results: Results, scene: Scene, entries: Sequence[Entry]) -> str:
    """Return what happened: the rings, the numbers, and what was left out or failed."""
    counted = results.count()
    numbers = ", ".join(f"{count:,} {result}" for result, count in counted.items())
    lines = [f"  {line}" for line in (*rings(scene.rules.fleet.rings, scene.ledger, scene.health), *subjects(entries))]
    lines.append(f"Update pull requests: {numbers or 'nothing to do'}.")
    lines += [f"  {word} {count:,}" for word, count in counts(scene) if word in {WORDS[kind] for kind in STAYING}]
    remarkable = [one for one in results.outcomes if one.result in {"left-out", "failed"}]
    blocked = [f"  {one.member.name}: blocked: {one.reason}" for one in scene.decisions if one.kind == "blocked"]
    lines += _short([*(f"  {_line(one)}" for one in remarkable), *blocked])
    return "\n".join(lines)


STAYING = ("wait", "conflict", "held", "refused", "blocked", "nothing")


def decision_document(one: Decision) -> dict[str, Any]:
    """Return a decision as plain data."""
    return {
        "id": one.member.id,
        "name": one.member.name,
        "ring": one.member.ring,
        "kind": one.kind,
        "reason": one.reason,
        "release": one.release,
        "pull_request": one.pull.url if one.pull is not None else None,
    }


def outcome_document(one: Outcome) -> dict[str, str]:
    """Return an outcome as plain data."""
    return {"name": one.name, "result": one.result, "text": one.text, "code": one.code}


def as_document(scene: Scene, entries: Sequence[Entry], results: Results | None) -> dict[str, Any]:
    """Return a tick as plain data."""
    return {
        "counts": scene.count(),
        "rings": {
            ring: {
                "release": given.release,
                "since": given.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "health": scene.health[ring].health if ring in scene.health else None,
                "reason": scene.health[ring].reason if ring in scene.health else None,
            }
            for ring, given in scene.ledger.rings.items()
        },
        "given": subjects(entries),
        "decisions": [decision_document(one) for one in scene.decisions],
        "outcomes": [outcome_document(one) for one in results.outcomes] if results is not None else None,
        "next": results.paused.next_run if results is not None and results.paused is not None else None,
        "stopped": results.stopped.message if results is not None and results.stopped is not None else None,
    }


def exit_code(scene: Scene, results: Results | None) -> ExitCode:
    """Return the exit code: 1 if a repository failed or could not be read, 3 if a plan would change something."""
    blocked = any(one.kind == "blocked" for one in scene.decisions)
    if results is None:
        acts = any(one.kind in ACTING for one in scene.decisions)
        return ExitCode.FAILED if blocked else ExitCode.DIFFERENCE if acts else ExitCode.DONE
    failed = blocked or results.stopped is not None or "failed" in results.count()
    return ExitCode.FAILED if failed else ExitCode.DONE
