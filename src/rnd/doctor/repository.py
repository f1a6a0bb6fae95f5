"""The level of the repository in the current folder: what is left of its lint baseline. Read-only."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rnd import git
from rnd.answers import read_answers
from rnd.baseline import remaining
from rnd.doctor.machine import Finding
from rnd.errors import RndError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HINT = "Clean a file, then delete its line in pyproject.toml or .pre-commit-config.yaml"


def examine_repository(folder: Path) -> Iterator[Finding]:
    """Yield the level of the repository that a folder is in; nothing if `rnd adopt` did not let it join.

    Args:
        folder: Any folder.
    """
    with suppress(RndError):
        root = git.work_tree(folder)
        if read_answers(root).get("other_names", "{}") in {"{}", "None"}:
            return
        left = remaining(_text(root / "pyproject.toml"), _text(root / ".pre-commit-config.yaml"))
        if left.level == "in order":
            yield Finding("lint baseline", "ok", "in order: nothing is left of it", "")
        else:
            found = f"joined: {left.rules} files break rules, {left.unformatted} are not formatted"
            yield Finding("lint baseline", "optional", f"{found}, {left.hooks} exceptions of hooks", HINT)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
