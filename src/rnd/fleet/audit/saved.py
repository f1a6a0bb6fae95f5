"""Read what `rnd fleet audit --json` has written, for the page of the fleet. Reads that file only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LARGEST = 100_000_000  # bytes
HINT = "Make it with `rnd fleet audit --json > AUDIT.json`."


class Known(BaseModel):
    """A known vulnerability of a version of a package."""

    model_config = ConfigDict(frozen=True)

    id: str
    package: str
    version: str
    severity: str
    fixed: str | None


class _Vulnerability(Known):
    repositories: list[str]


class _Repository(BaseModel):
    name: str
    not_checked: str | None


class _Error(BaseModel):
    message: str


class _Report(BaseModel):
    organisation: str = ""
    vulnerabilities: list[_Vulnerability] = []
    repositories: list[_Repository] = []
    error: _Error | None = None


@dataclass(frozen=True)
class Saved:
    """An audit of the fleet.

    Attributes:
        found: The known vulnerabilities of each repository that was checked, by name.
        error: Why there is no result; None if there is one.
    """

    found: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    error: str | None = None


def read_saved(path: Path, owner: str) -> Saved:
    """Read the result of an audit.

    Args:
        path: The output of `rnd fleet audit --json`.
        owner: The organisation of org.yml.

    Raises:
        UsageError: It is not such a result, or about another organisation.
    """
    content = _read(path)
    if not content.strip():  # GitHub's limits ended it
        return Saved(error="the audit ended without a result")
    try:
        report = _Report.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"--audit {path} is not the result of an audit: {place}: {first['msg']}.", HINT) from error
    if report.error is not None:
        return Saved(error=report.error.message.rstrip("."))
    if report.organisation.lower() != owner.lower():
        raise UsageError(f"--audit {path} is about {report.organisation or 'no organisation'}, not {owner}.", HINT)
    found: dict[str, list[Known]] = {one.name: [] for one in report.repositories if one.not_checked is None}
    for one in report.vulnerabilities:
        for name in one.repositories:
            found.setdefault(name, []).append(one)
    return Saved(found)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"--audit {path}: {error.strerror}.", HINT) from error
    if len(content) > LARGEST:
        raise UsageError(f"--audit {path} is larger than {LARGEST:,} bytes.", HINT)
    return content
