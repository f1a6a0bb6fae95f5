"""Which identity can publish which version. Reads pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import manifest
from rnd.errors import UsageError
from rnd.version.next_version import is_release

if TYPE_CHECKING:
    from pathlib import Path


def check_version(root: Path, identity: str | None) -> None:
    """Refuse a release by the identity of branches, before anything is built.

    Raises:
        UsageError: `pyproject.toml` has the version of a release.
    """
    if identity == "development" and is_release(version := manifest.read_version(root)):
        raise UsageError(
            f"{version} is a release, which the identity of branches cannot publish.",
            "If this is a job of main, the workflows of the repository are older than its separate jobs for "
            "publishing: run `rnd update`. By hand, run `rnd version set --dev` first.",
        )
