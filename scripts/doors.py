"""Check that one module starts each program, as docs/architecture.md states: `python -m scripts.doors`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

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


def find_violations(name: str, source: str) -> list[str]:
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


def main() -> int:
    """Check all files; the exit code is 1 if there is a violation."""
    found: list[str] = []
    for pattern in ("src/rnd/**/*.py", "packages/rnd-rehearsal/src/**/*.py"):
        for path in sorted(ROOT.glob(pattern)):
            found += find_violations(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
