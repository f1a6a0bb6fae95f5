"""Creates long histories to measure on: conventional commits, releases, and a tail of commits after the last one.

Writes one git repository through `git fast-import`, the same for the same numbers, in a few seconds.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

START = 1_400_000_000  # seconds since 1970, the first commit's time
TYPES = {"fix": 30, "feat": 20, "docs": 15, "chore": 15, "refactor": 10, "test": 8, "perf": 2}
SUBJECTS = [
    "read the labels in one pass",
    "keep the cache between runs",
    "name the tensor that is missing",
    "resume from a checkpoint",
    "retry when the bucket is slow",
    "show the progress of each worker",
    "sort the samples by length",
    "leave the seed alone",
]
UNTYPED = ["wip", "review", "Merge branch 'main' into topic", "Update the notebook"]
PARAGRAPH = "The loader held every batch until the epoch ended, so a long epoch ran out of memory.\n" * 4
# What the peers need to know so that they answer the same question.
MANIFEST = """\
[project]
name = "demo"
version = "{version}"

[tool.commitizen]
version_provider = "pep621"
tag_format = "$version"

[tool.semantic_release]
tag_format = "{{version}}"
version_toml = ["pyproject.toml:project.version"]
allow_zero_version = true
"""


@dataclass(frozen=True)
class Branches:
    """Release branches beside `main`, whose releases `main` does not hold and which are above all of its own.

    Attributes:
        count: How many.
        tags: The number of releases of each.
        between: The number of commits from one release to the next.
        span: They fork from the last so many commits of `main`, evenly spread.
    """

    count: int
    tags: int
    between: int
    span: int


def build(
    folder: Path, *, commits: int, tags: int, tail: int, above: int = 0, beside: Branches | None = None, seed: int = 20
) -> str:
    """Create a repository.

    Args:
        folder: Its path; it must not exist.
        commits: The number of commits on `main`.
        tags: The number of releases among them, evenly spread, with one annotated tag each.
        tail: The number of commits after the last release; features among them, no breaking change.
        above: About how many releases of `main` the branch that is checked out does not hold. With none it is `main`;
            otherwise it is `maintenance`, which leaves `main` at about that release and has a tail of fixes.
        beside: Release branches beside `main`; none when left out.
        seed: The seed of the messages.

    Returns:
        The tag of the last release in the past of the branch that is checked out.
    """
    chance = random.Random(seed)
    releases = [(commits - tail) * number // tags for number in range(1, tags + 1)]
    version, level = (0, 1, 0), 0
    released_at = set(releases)
    held: dict[int, str] = {}
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)
    with subprocess.Popen(["git", "-C", folder, "fast-import", "--quiet"], stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None
        for number in range(1, commits + 1):
            text, asks = message(chance, number)
            level = max(level, asks)
            released = number in released_at
            if released:
                version, level = after(version, level), 0
                held[number] = dotted(version)
            write_commit(importing.stdin, number, text, dotted(version) if released else None)
        fork = releases[fork_of([held[number] for number in releases], above)]
        for number in range(commits + 1, commits + 1 + (tail if above else 0)):
            parent = fork if number == commits + 1 else number - 1
            text = f"fix: {chance.choice(SUBJECTS)} (#{number})"
            write_commit(importing.stdin, number, text, None, branch="maintenance", parent=parent)
        if beside is not None:
            write_branches(importing.stdin, beside, commits)
    assert importing.returncode == 0
    branch = "maintenance" if above else "main"
    subprocess.run(["git", "-C", folder, "switch", "--quiet", "--discard-changes", branch], check=True)
    return held[fork]


def write_branches(stream: IO[bytes], beside: Branches, commits: int) -> None:
    """Write release branches: 1.0.0 and its fixes on the first one, 2.0.0 and its fixes on the second one, ….

    Args:
        stream: The input of git fast-import.
        beside: Which branches.
        commits: The number of commits on `main`, which are written already.
    """
    mark = 2 * commits
    for branch in range(1, beside.count + 1):
        parent = fork = commits - beside.span + beside.span * branch // (beside.count + 1)
        for number in range(1, beside.tags * beside.between + 1):
            mark += 1
            fix, rest = divmod(number, beside.between)
            tag = None if rest else f"{branch}.0.{fix - 1}"
            text = f"fix: {SUBJECTS[number % len(SUBJECTS)]} (#{mark})"
            at = fork + number
            write_commit(stream, mark, text, tag, branch=f"{branch}.0.x", parent=parent, time=at)
            parent = mark


def fork_of(versions: list[str], above: int) -> int:
    """Return the index of the release that a maintenance branch starts at, so that its next fix is not released yet."""
    index = len(versions) - 1 - above
    while index + 1 < len(versions) and not versions[index + 1].endswith(".0"):
        index += 1
    return index


def message(chance: random.Random, number: int) -> tuple[str, int]:
    """Return a commit's message, and what it asks for: 0 a patch, 1 a feature."""
    if chance.random() < 0.06:
        return chance.choice(UNTYPED), 0
    kind = chance.choices(list(TYPES), list(TYPES.values()))[0]
    scope = chance.choice(["", "", "(data)", "(train)", "(cli)"])
    text = f"{kind}{scope}: {chance.choice(SUBJECTS)} (#{number})"
    if chance.random() < 0.35:
        text += f"\n\n{PARAGRAPH}"
    if chance.random() < 0.10:
        text += "\n* fix: what the review found\n\n* docs: say so\n"
    if chance.random() < 0.20:
        text += f"\nRefs: #{chance.randint(1, number)}\n"
    return text, int(kind == "feat")


def after(version: tuple[int, int, int], level: int) -> tuple[int, int, int]:
    """Return the version one step on."""
    major, minor, patch = version
    return (major, minor + 1, 0) if level else (major, minor, patch + 1)


def dotted(version: tuple[int, int, int]) -> str:
    """Return a version as text."""
    return ".".join(map(str, version))


def write_commit(
    stream: IO[bytes],
    number: int,
    text: str,
    tag: str | None,
    *,
    branch: str = "main",
    parent: int | None = None,
    time: int | None = None,
) -> None:
    """Write one commit as git fast-import reads it, and the tag of its release.

    Args:
        stream: The input of git fast-import.
        number: The commit's mark.
        text: Its message.
        tag: The tag of its release, or None.
        branch: The branch that it is on.
        parent: The mark of its parent; the number before when left out.
        time: Its hour; its mark when left out.
    """
    hour = number if time is None else time
    who = f"Dev {number % 40} <dev{number % 40}@example.com> {START + hour * 3600} +0000"
    parent = number - 1 if parent is None else parent
    lines = [
        f"commit refs/heads/{branch}\nmark :{number}\ncommitter {who}\n{data(text)}",
        f"from :{parent}\n" if parent else "",
        f"M 100644 inline src/demo/module_{number % 200}.py\n{data(f'x = {number}')}",
    ]
    if tag is not None:
        lines.append(f"M 100644 inline pyproject.toml\n{data(MANIFEST.format(version=tag))}")
        lines.append(f"tag {tag}\nfrom :{number}\ntagger {who}\n{data(tag)}")
    stream.write("".join(lines).encode())


def data(text: str) -> str:
    """Return a text as git fast-import reads it."""
    return f"data {len(text.encode())}\n{text}\n"
