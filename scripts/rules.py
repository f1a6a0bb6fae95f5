"""Check rules of the pages that no linter knows: `python -m scripts.rules`.

docs/tests.md, "Statements of the pages", lists them. What a page names is looked up by `scripts.page_names`.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from scripts import import_cycles, page_names

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
# Programs that run where nothing is installed, and what they may import besides the standard library.
BARE = {
    "src/rnd/version/*.py": {"rnd"},
    "src/rnd/runners/broker/*.py": {"boto3", "botocore"},  # which Lambda has
    "scripts/fetch_uv.py": set(),
    "scripts/run_rnd.py": {"rnd"},
    "template/docker/build.py.jinja": set(),
    "template/*/check_lock.py.jinja": set(),
}
IMPORT = re.compile(r"^ *(?:import|from) ([a-zA-Z_]\w*)(?= import |\.| as |,|$)", re.MULTILINE)
# A skipped test whose reason ends where it would name what to install, or that has no reason.
SKIP = re.compile(r"""skip\(f?"[^"]*(?:on this machine|not installed)"\)|skipif\((?!.*reason=)[^\n]*\)$""")
MOST_LINES, MOST_IN_FUNCTION = 300, 40  # of a file, and of a function without its docstring
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


def find_skips(name: str, source: str) -> list[str]:
    """Return where a test is skipped and does not name what the machine lacks, as messages.

    Args:
        name: The path of the file below the root.
        source: The content of the file.
    """
    return _lines_with(SKIP, "skips a test and does not name what to install", name, source)


def find_imports(name: str, source: str) -> list[str]:
    """Return what a program imports that may not be installed where it runs, as messages.

    Args:
        name: The path of the file below the root.
        source: The content of the file.
    """
    allowed = {one for pattern, more in BARE.items() if Path(name).match(pattern) for one in more}
    found = ((match[1], source.count("\n", 0, match.start()) + 1) for match in IMPORT.finditer(source))
    known = sys.stdlib_module_names | allowed
    return [f"{name}:{line}: imports {module}, which is not there" for module, line in found if module not in known]


def find_long(name: str, source: str) -> list[str]:
    """Return whether a file, and which functions in it, have too many lines, as messages.

    Args:
        name: The path of the file below the root.
        source: The content of the file.
    """
    lines = source.count("\n")
    found = [f"{name}:{MOST_LINES}: has {lines} lines, more than {MOST_LINES}"] if lines > MOST_LINES else []
    for one in ast.walk(ast.parse(source)):
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = _length(one) - (0 if ast.get_docstring(one) is None else _length(one.body[0]))
            if lines > MOST_IN_FUNCTION:
                found.append(f"{name}:{one.lineno}: {one.name} has {lines} lines, more than {MOST_IN_FUNCTION}")
    return found


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _lines_with(pattern: re.Pattern[str], said: str, name: str, source: str) -> list[str]:
    lines = enumerate(source.splitlines(), start=1)
    return [f"{name}:{number}: {said}" for number, line in lines if pattern.search(line)]


RULES = (
    (SOURCES, find_starts),
    (TESTS, find_clocks),
    (TESTS, find_skips),
    (TYPED, find_unnamed),
    (BARE, find_imports),
    (TYPED, find_long),
)


def main() -> int:
    """Check all files; the exit code is 1 if there is a violation."""
    found: list[str] = []
    for patterns, find in RULES:
        for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
            found += find(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    found += import_cycles.find_cycles(import_cycles.imports(ROOT))
    known = page_names.known_names(ROOT)
    for page in page_names.pages(ROOT):
        found += page_names.find_names(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"), ROOT, known)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
