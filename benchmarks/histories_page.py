"""The page about replayed histories: agreement with the releases, and why ours differs. Pure: data in, text out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd.version.commits import RANK, has_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rnd.version.next_version import CommitAnalysis
    from rnd.version.tags import Release

LEVELS = ("major", "minor", "patch")
OURS = "rnd"


@dataclass
class Replay:
    """What was released, and what each tool says.

    Attributes:
        previous: The version before.
        released: The version that was released.
        answers: The answer of each tool; None where it has none.
        analyses: Ours of each commit.
    """

    previous: Release
    released: Release
    answers: dict[str, Release | None]
    analyses: list[CommitAnalysis]


def step(previous: Release, version: Release) -> str:
    """Return the step from one version to another: a level, or "jump" for any other step."""
    major, minor, patch = previous
    steps = {(major + 1, 0, 0): "major", (major, minor + 1, 0): "minor", (major, minor, patch + 1): "patch"}
    return steps.get(version, "jump")


def agrees(replay: Replay, tool: str) -> bool:
    """Return whether a tool says the version that was released."""
    return replay.answers[tool] == replay.released


def scores(replays: Sequence[Replay], tools: Iterable[str]) -> str:
    """Return how often each tool agrees, as a line of text."""
    return ", ".join(f"{tool} {sum(agrees(one, tool) for one in replays)}/{len(replays)}" for tool in tools)


def reason(replay: Replay) -> str:
    """Return the class of a difference between our answer and the release."""
    released = step(replay.previous, replay.released)
    if released == "jump":
        return "the release is not one step above the one before"
    answer = replay.answers[OURS]
    if answer is None:
        return "refused: a newer tag has an unknown form"
    ours = step(replay.previous, answer)
    if RANK[ours] > RANK[released]:  # pyrefly: ignore[bad-index]
        if ours == "major":
            where = " before 1.0.0" if replay.previous[0] == 0 else ""
            return f"a change marked as breaking{where}, released as {article(released)}"
        return f"a feature, released as {article(released)}"
    typed = sum(has_type(analysis["subject"]) for analysis in replay.analyses)
    if typed * 2 < len(replay.analyses):
        return f"{article(released)} released, and most commits have no type"
    return f"{article(released)} released, and no commit asks for it"


def article(level: str) -> str:
    """Return a level as a noun."""
    return {"major": "a major release", "minor": "a minor release", "patch": "a patch"}[level]


def render(
    results: Mapping[str, Sequence[Replay]], tools: Sequence[str], versions: Mapping[str, str], missing: Sequence[str]
) -> str:
    """Return the whole page."""
    everything = [replay for replays in results.values() for replay in replays]
    peers = ", ".join(f"{name} {number}" for name, number in versions.items())
    parts = [
        PREAMBLE.format(number=len(everything), repositories=len(results), peers=f" Peers: {peers}." if peers else ""),
        "## By repository\n\n" + by_repository(results, tools),
        "## By the step that was released\n\n" + by_level(everything, tools),
        "## Where ours differs\n\n" + by_reason(everything, tools),
        "## Where ours differs and a peer agrees\n\n" + by_case(results, tools),
    ]
    if missing:
        parts.append(f"## Not replayed\n\n{len(missing)} were not at hand: {', '.join(missing)}.\n")
    return "\n".join(parts)


def by_repository(results: Mapping[str, Sequence[Replay]], tools: Sequence[str]) -> str:
    """Return a table with a row for each repository; the best of a row is bold."""
    rows = []
    for name, replays in sorted(results.items()):
        counts = [sum(agrees(one, tool) for one in replays) for tool in tools]
        cells = [f"**{count}**" if count == max(counts) else f"{count}" for count in counts]
        rows.append([name, str(len(replays)), *cells])
    everything = [one for replays in results.values() for one in replays]
    rows.append(["all", str(len(everything)), *(str(sum(agrees(one, tool) for one in everything)) for tool in tools)])
    return table(["repository", "releases", *tools], rows)


def by_level(everything: Sequence[Replay], tools: Sequence[str]) -> str:
    """Return a table with a row for each step that was released."""
    rows = []
    for level in (*LEVELS, "jump"):
        chosen = [one for one in everything if step(one.previous, one.released) == level]
        rows.append([level, str(len(chosen)), *(str(sum(agrees(one, tool) for one in chosen)) for tool in tools)])
    return table(["released", "releases", *tools], rows)


def by_reason(everything: Sequence[Replay], tools: Sequence[str]) -> str:
    """Return a table with a row for each class of differences, and how often a peer agrees with the release there."""
    differing = [one for one in everything if not agrees(one, OURS)]
    peers = [tool for tool in tools if tool != OURS]
    rows = []
    for why, number in Counter(map(reason, differing)).most_common():
        chosen = [one for one in differing if reason(one) == why]
        rows.append([why, str(number), *(str(sum(agrees(one, tool) for one in chosen)) for tool in peers)])
    return table(["why", "releases", *(f"{tool} agrees" for tool in peers)], rows)


def by_case(results: Mapping[str, Sequence[Replay]], tools: Sequence[str]) -> str:
    """Return a table of the releases that a peer agrees with and ours does not."""
    rows = []
    for name, replays in sorted(results.items()):
        for one in replays:
            right = [tool for tool in tools if agrees(one, tool)]
            if right and OURS not in right:
                answer = one.answers[OURS]
                versions = [dotted(one.previous), dotted(one.released), dotted(answer) if answer else "none"]
                rows.append([name, *versions, ", ".join(right), reason(one)])
    head = ["repository", "from", "released", "ours", "who agrees", "why"]
    return f"{table(head, rows)}\n{ACCIDENT}" if rows else "None.\n"


def dotted(version: Release) -> str:
    """Return a version as text."""
    return ".".join(map(str, version))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose columns after the first one are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


ACCIDENT = """\
A peer that agrees here may do so by accident: git-cliff skips a commit whose body follows its title without an empty
line, so that a feature written in this way does not count.
"""
PREAMBLE = """\
# The next version, on the histories of others

`python -m benchmarks.histories FOLDER` replays releases of public repositories and writes this page. Of each
repository a sample of releases, evenly spread over its history, is replayed: the history is put back to the commit of
the release, without its tag and all later ones. Every tool then answers which version comes next, with its default
rules. An answer agrees if it is the version that was released.

{number} releases of {repositories} repositories.{peers}

People choose versions for other reasons than their commits, so no tool can agree everywhere.
"""
