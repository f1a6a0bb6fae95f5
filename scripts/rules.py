"""Check rules of the pages that no linter knows: `python -m scripts.rules`.

One module starts each program, as docs/architecture.md states; no test measures time, as docs/tests.md does; what is
kept from the type checker is named; and what a page names is there (`scripts.page_names`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from scripts import page_names

ROOT = Path(__file__).resolve().parent.parent
STARTED = re.compile(r'\bprocess\.(?:run|attempt|stream|serving)\(\s*"([\w-]+)"')
# Each program, the module that starts it, and where else it may be started: the rehearsal uses git as people do.
DOORS = {
    "docker": ("src/rnd/docker.py", ""),
    "buildah": ("docker/build.py of a repository", ""),
    "podman": ("docker/build.py of a repository", ""),
    "git": ("src/rnd/git.py", "packages/rnd-rehearsal/"),
    "uv": ("src/rnd/uv.py", "packages/rnd-rehearsal/"),
}
# How a program would measure time on the clock; `time.monotonic` is for deadlines.
CLOCK = re.compile(r"\b(?:perf_counter|timeit)\b")
# An ignored error of the type checker without its kind, or in the form of another checker, which is of no effect.
UNNAMED = re.compile(r"#\s*(?:pyrefly:\s*ignore(?!\[[a-z, -]+\])|(?:type|mypy|pyright|ty):\s*ignore)")
SOURCES = ("src/rnd/**/*.py", "packages/rnd-rehearsal/src/**/*.py")
TESTS = ("tests/**/*.py", "packages/*/tests/**/*.py")
TYPED = ("conftest.py", "src/**/*.py", "packages/**/*.py", "tests/**/*.py", "scripts/**/*.py", "benchmarks/**/*.py")


def find_starts(name: str, source: str) -> list[str]:
    """Return what a file starts that another one should start, as messages.

    Args:
        name: The path of the file below the root.
        source: The content of the file.
    """
    found = []
    for match in STARTED.finditer(source):
        door, elsewhere = DOORS.get(match[1], (name, ""))
        if name != door and not (elsewhere and name.startswith(elsewhere)):
            line = source.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line}: starts {match[1]}, which only {door} does")
    return found


def find_clocks(name: str, source: str) -> list[str]:
    """Return where a test measures time, as messages.

    Args:
        name: The path of the file below the root.
        source: The content of the file.
    """
    said = "measures time; count calls, requests or seconds of a processor instead"
    return _lines_with(CLOCK, said, name, source)


def find_unnamed(name: str, source: str) -> list[str]:
    """Return where the type checker ignores an error that is not named, as messages.

    Args:
        name: The path of the file below the root.
        source: The content of the file.
    """
    said = "ignores any error; name it, as in `pyrefly: ignore[bad-override]`"
    return _lines_with(UNNAMED, said, name, source)


def _lines_with(pattern: re.Pattern[str], said: str, name: str, source: str) -> list[str]:
    lines = enumerate(source.splitlines(), start=1)
    return [f"{name}:{number}: {said}" for number, line in lines if pattern.search(line)]


def main() -> int:
    """Check all files; the exit code is 1 if there is a violation."""
    found: list[str] = []
    for patterns, find in ((SOURCES, find_starts), (TESTS, find_clocks), (TYPED, find_unnamed)):
        for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
            found += find(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    known = page_names.known_names(ROOT)
    for page in page_names.pages(ROOT):
        found += page_names.find_names(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"), ROOT, known)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
