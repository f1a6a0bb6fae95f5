"""Run git and npm: without a shell, and without the variables that point git at another repository."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Set by git while it runs a hook, and by people: each points a child at another repository or environment.
REMOVED = (
    "VIRTUAL_ENV",
    "PYTHONHOME",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
)


class CommandFailed(Exception):
    """A program exited with a code other than 0."""


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return the variables of this process without `REMOVED` and with `extra`; a value of None removes a variable."""
    kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
    return {name: value for name, value in (kept | dict(extra or {})).items() if value is not None}


def find(program: str) -> str | None:
    """Return the path of a program, or None if it is not installed."""
    return shutil.which(program)


def attempt(
    *argv: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return its result, whatever the exit code.

    Args:
        argv: The program and its arguments; never a secret, since arguments are public on a machine.
        cwd: The folder to run in; by default the current one.
        extra: Variables to set; a value of None removes one.
    """
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


def run(*argv: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None) -> str:
    """Run a program that must succeed and return its standard output.

    Raises:
        CommandFailed: It exited with a code other than 0.
    """
    completed = attempt(*argv, cwd=cwd, extra=extra)
    if completed.returncode != 0:
        output = completed.stderr.strip() or completed.stdout.strip()
        raise CommandFailed(f"{shlex.join(argv)} exited with code {completed.returncode}:\n{output}")
    return completed.stdout
