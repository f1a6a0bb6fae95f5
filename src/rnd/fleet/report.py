"""Reports about the fleet as groups: text, JSON and the summary of a workflow job. Returns text; prints nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rnd.fleet import checks
from rnd.fleet.facts import LEVELS, Facts, template_version
from rnd.fleet.rest import REST_ONLY, requests
from rnd.fleet.update.report import decision_document
from rnd.fleet.update.seen import pull_groups, ring_lines
from rnd.version.tags import parse_release

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rnd.fleet.view import View

SHOWN = 8  # groups in a line, the others are added up
LISTED = 20  # repositories that could not be read
LACKING = "not in the plan"


def groups(view: View) -> dict[str, list[tuple[str, int]]]:
    """Return how many repositories there are of each kind: topic, then kinds with their numbers."""
    ours = view.changeable
    read = [one for one in ours if one.error is None or one.unknown or one.changes]
    settings = Counter(change.key for one in ours for change in one.changes)
    unknown = sum(bool(one.unknown) for one in ours)
    in_order = sum(not one.changes and not one.unknown and not one.lacking for one in read)
    lacking = sum(bool(one.lacking) for one in ours)
    levels = Counter(one.level(view.workflow_ref) for one in view.repositories)
    found = {
        "template": _newest_first(Counter(template_version(one.member.version) for one in ours)),
        "workflows": _wanted_first(Counter(one.workflows for one in ours), view.workflow_ref),
        "settings": [
            ("as configured", in_order),
            *settings.most_common(),
            *([(LACKING, lacking)] if lacking else []),
            *([(checks.UNKNOWN, unknown)] if unknown else []),
        ],
        "main": _wanted_first(Counter(one.main for one in ours), "green"),
        "pull requests": pull_groups(view.updates) if view.updates is not None else [],
        "rings": list(Counter(one.member.ring for one in ours).items()),
        "held": [("until later", sum(one.hold is not None for one in ours))],
        "levels": [(level, levels[level]) for level in reversed(LEVELS)],
        "watched": Counter(
            one.joining or "never changed" for one in view.repositories if one.member.watched
        ).most_common(),
    }
    return {topic: kinds for topic, kinds in found.items() if any(number for _, number in kinds)}


def _newest_first(counted: Counter[str]) -> list[tuple[str, int]]:
    def order(kind: tuple[str, int]) -> tuple[tuple[int, ...], str]:
        return parse_release(kind[0].partition("+")[0]) or (-1,), kind[0]

    return sorted(counted.items(), key=order, reverse=True)


def _wanted_first(counted: Counter[str], wanted: str) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda kind: (kind[0] != wanted, -kind[1], kind[0]))


def header(view: View) -> str:
    """Return how many repositories there are, how many were seen, and why the others do not belong to the fleet."""
    unreadable = len(view.unreadable) + len(view.unlisted)
    reasons = [f"{number:,} {reason}" for reason, number in sorted(view.skipped.items(), key=lambda one: -one[1])]
    reasons += [f"{unreadable:,} unreadable"] if unreadable else []
    seen = f"{view.seen:,} seen"
    inside = f"{seen}; {', '.join(reasons)}" if reasons else seen
    return f"{repositories(len(view.changeable))} of {view.owner} ({inside})"


def repositories(count: int) -> str:
    """Return a number of repositories in words."""
    return f"{count:,} {'repository' if count == 1 else 'repositories'}"


def as_text(view: View) -> str:
    """Return the report for a terminal."""
    lines = [f"  {header(view)}", ""]
    for topic, kinds in groups(view).items():
        lines.append(f"  {topic:<12}  {'   '.join(f'{kind} {number:,}' for kind, number in shorten(kinds))}")
    given = ring_lines(view.updates) if view.updates is not None else []
    lines += ["", *(f"  {line}" for line in given)] if given else []
    if view.newest:
        lines += ["", f"  The newest release of the template is {view.newest.removeprefix('v')}."]
    for remark in (*remarks(view), *_next_steps(view)):
        lines += ["", f"  {remark}"]
    failed = failures(view)
    lines += ["", *(f"  {one}" for one in failed[:LISTED])] if failed else []
    if len(failed) > LISTED:
        lines.append(f"  … and {len(failed) - LISTED:,} more; --having unreadable --json lists all")
    return "\n".join(lines)


def failures(view: View) -> list[str]:
    """Return each repository that could not be read, completely or in part, with the reason."""
    return [*view.unlisted, *(f"{one.member.name}: {reason(one)}" for one in view.unreadable)]


def _next_steps(view: View) -> list[str]:
    """Return the commands that show more about what is not in order."""
    found = {condition for one in view.differing for condition in one.having(view.workflow_ref)}
    settings = any(one.changes for one in view.differing)
    steps = ["`rnd fleet status --having drift` lists what differs"] if "drift" in found else []
    steps += ["`rnd fleet plan` shows what `apply` would change"] if settings else []
    steps += ["`rnd fleet update --plan` shows the next update pull requests"] if "behind" in found else []
    return [f"{'; '.join(steps)}."] if steps else []


def remarks(view: View) -> list[str]:
    """Return what the numbers do not say: what was not read, and what the organisation's plan does not have."""
    found = []
    partly, ours = len(view.partly_read), len(view.changeable)
    if partly:
        keys = ", ".join(_short_keys(view.not_read))
        place = "" if partly == ours else f" in {partly:,} of {ours:,} repositories"
        if view.paused is not None:
            found.append(f"Not read{place} because of GitHub's limits: {keys}. --rotate reads a seventh each day.")
        else:
            needed = max(requests(one.not_read) for one in view.partly_read)
            found.append(f"Not read without --full{place}, {needed} requests for each repository: {keys}.")
    lacking = sum(bool(one.lacking) for one in view.changeable)
    if lacking:
        found.append(
            f"The {view.plan} plan of {view.owner} has no rulesets and no environments for private repositories, and "
            f"org.yml wants them in {lacking:,}. `rnd fleet apply` leaves them out."
        )
    return found


def _short_keys(keys: Sequence[str]) -> list[str]:
    """Return keys of settings that only the REST API has; all keys of a section as its name."""
    whole = Counter(key.partition(".")[0] for key in REST_ONLY)
    listed = Counter(key.partition(".")[0] for key in keys)
    short = {name for name, count in listed.items() if count == whole[name] > 1}
    return list(dict.fromkeys(name if (name := key.partition(".")[0]) in short else key for key in keys))


def one_line(one: Facts, workflow_ref: str) -> str:
    """Return what is not in order in a repository."""
    parts = [str(change) for change in one.changes]
    parts += [f"{LACKING}: {', '.join(one.lacking)}"] if one.lacking else []
    if one.behind:
        parts.append(f"template {template_version(one.member.version)}, {one.behind} behind")
    if one.hold is not None:
        parts.append(f"held until {one.hold.until}: {one.hold.because}")
    if one.calls_another(workflow_ref):
        parts.append(f"workflows at {one.workflows} → {one.member.central or workflow_ref}")
    if one.update is not None and one.update.kind not in {"nothing", "open"}:
        parts.append(f"update {one.update.kind}: {one.update.reason}")
    parts += ["main red"] if one.main == "red" else []
    parts += [reason(one)] if one.error is not None or one.unknown else []
    return f"{one.member.name}: {'; '.join(parts)}"


def shorten(kinds: list[tuple[str, int]], most: int = SHOWN) -> list[tuple[str, int]]:
    """Return the first kinds, and all others as one."""
    shown = [kind for kind in kinds if kind[1]]
    if len(shown) <= most:
        return shown
    return [*shown[: most - 1], ("other", sum(number for _, number in shown[most - 1 :]))]


def reason(one: Facts) -> str:
    """Return what could not be read in a repository, and why."""
    parts = f"{', '.join(one.unknown)}: " if one.unknown else ""
    return f"{parts}{one.error or 'the token may not see it'}"


def as_document(view: View, shown: Iterable[Facts]) -> dict[str, Any]:
    """Return the report as plain data.

    Args:
        view: The fleet.
        shown: The repositories to list.
    """
    return {
        "organisation": view.owner,
        "taken": view.taken.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seen": view.seen,
        "skipped": view.skipped,
        "newest": view.newest,
        "groups": {topic: dict(kinds) for topic, kinds in groups(view).items()},
        "not_read": list(view.not_read),
        "unlisted": list(view.unlisted),
        "plan": view.plan,
        "next": view.paused.next_run if view.paused else None,
        "queries": view.queries,
        "points": view.points,
        "repositories": [one_document(one, view.workflow_ref) for one in shown],
    }


def one_document(one: Facts, workflow_ref: str) -> dict[str, Any]:
    """Return what is known about a repository as plain data."""
    return {
        "id": one.member.id,
        "name": one.member.name,
        "ring": one.member.ring,
        "watched": one.member.watched,
        "template": one.member.version,
        "behind": one.behind,
        "workflows": one.workflows,
        "main": one.main,
        "drift": [change._asdict() for change in one.changes],
        "unknown": list(one.unknown),
        "not_read": list(one.not_read),
        "lacking": list(one.lacking),
        "joining": one.joining,
        "level": one.level(workflow_ref),
        "baseline": one.baseline,
        "held": {"until": one.hold.until.isoformat(), "because": one.hold.because} if one.hold else None,
        "error": one.error,
        "update": decision_document(one.update) if one.update is not None else None,
        "having": list(one.having(workflow_ref)),
    }


def as_markdown(view: View) -> str:
    """Return the report for the summary of a workflow job, or an issue; without times, so that it changes rarely."""
    lines = [f"### {escape(header(view))}", "", "| | |", "|---|---|"]
    for topic, kinds in groups(view).items():
        shown = " · ".join(f"{escape(kind)} **{number:,}**" for kind, number in shorten(kinds))
        lines.append(f"| {topic} | {shown} |")
    for remark in remarks(view):
        lines += ["", escape(remark)]
    failed = failures(view)
    if failed:
        lines += ["", "Could not be read:", ""]
        lines += [f"- {escape(one)}" for one in failed[:LISTED]]
        lines += [f"- … and {len(failed) - LISTED:,} more"] if len(failed) > LISTED else []
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return a text that others chose, such as a git ref, so that Markdown shows it as it is."""
    plain = "".join(f"\\{letter}" if letter in "\\`*_[]|~#!" else letter for letter in " ".join(text.split()))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
