"""Runs other programs: the only caller of `subprocess`.

Every program runs without a shell, with its output captured and without the variables that would point it at
another repository or environment than the one it stands in.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from rnd.errors import CommandFailed, ToolMissing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Set by `uv run`, by git while it runs a hook, and by an active virtual environment: each would mislead a child.
MISLEADING = (
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
    "PYTHONHOME",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
)
LAST_WORDS = 12


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's variables without the misleading ones, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return kept | dict(extra or {})


def find(program: str) -> str | None:
    """Return the path of a program on PATH, or None."""
    return shutil.which(program)


def attempt(
    *argv: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code.

    Args:
        argv: The program and its arguments; never a secret, since arguments are public on a machine.
        cwd: The folder to run in; this process's own when left out.
        extra: Variables to set for it.

    Raises:
        ToolMissing: The program is not installed.
        KeyboardInterrupt: Ctrl-C; the program has been ended and waited for.
    """
    try:
        # An interrupt kills the child and waits for it inside subprocess.run, so nothing outlives this call.
        return subprocess.run(
            argv,
            cwd=cwd,
            env=environment(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise
        raise ToolMissing(f"{argv[0]} is not installed.") from error


def run(*argv: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None) -> str:
    """Run a program that must succeed and return its standard output.

    Raises:
        ToolMissing: The program is not installed.
        CommandFailed: It ended with an exit code other than 0.
    """
    completed = attempt(*argv, cwd=cwd, extra=extra)
    if completed.returncode != 0:
        raise CommandFailed(f"{' '.join(argv)} ended with exit code {completed.returncode}:\n{last_words(completed)}")
    return completed.stdout


def last_words(completed: subprocess.CompletedProcess[str], lines: int = LAST_WORDS) -> str:
    """Return the end of what a program said: standard error, or standard output if it said nothing there."""
    said = (completed.stderr.strip() or completed.stdout.strip() or "(it said nothing)").splitlines()
    shown = said[-lines:]
    if len(said) > lines:
        shown.insert(0, f"… ({len(said) - lines} lines before)")
    return "\n".join(shown)
