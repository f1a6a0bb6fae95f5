"""From records of vulnerabilities to findings in repositories. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from rnd.fleet.audit.osv import ECOSYSTEM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rnd.fleet.audit.locked import Exceptions, Package
    from rnd.fleet.audit.osv import Record

SEVERITIES = ("critical", "high", "moderate", "low", "unknown")
# Which of several names of one vulnerability is shown: the one that most people know.
PREFERRED = ("CVE-", "GHSA-", "PYSEC-")


@dataclass(frozen=True)
class Vulnerability:
    """A known vulnerability of a version of a package.

    Attributes:
        id: The name to show.
        names: All its names.
        package: The package.
        severity: One of `SEVERITIES`.
        summary: What it is, in one line.
        fixed: The first later version without it; None if there is none.
    """

    id: str
    names: frozenset[str]
    package: Package
    severity: str
    summary: str
    fixed: str | None

    @property
    def order(self) -> tuple[int, str, str]:
        """The most severe ones first."""
        return SEVERITIES.index(self.severity), str(self.package), self.id


@dataclass(frozen=True)
class Checked:
    """What was found in one repository.

    Attributes:
        name: The repository.
        vulnerabilities: Of its locked packages.
        ignored: How many more its pyproject.toml ignores.
        private: How many packages are from private indexes, and were not looked up.
        not_checked: Why it could not be checked; None if it was.
        error: Whether that is an error, which a later run may not have.
    """

    name: str
    vulnerabilities: tuple[Vulnerability, ...] = ()
    ignored: int = 0
    private: int = 0
    not_checked: str | None = None
    error: bool = False


def vulnerabilities(package: Package, records: Iterable[Record]) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities of a package: several databases describe the same one, under names of their own."""
    groups: list[tuple[set[str], list[Record]]] = []
    for record in sorted(records, key=lambda one: one.id):
        if record.withdrawn:
            continue
        names, members = {record.id, *record.aliases}, [record]
        for other in [group for group in groups if group[0] & names]:
            groups.remove(other)
            names, members = names | other[0], [*other[1], *members]
        groups.append((names, members))
    found = (_described(package, frozenset(names), members) for names, members in groups)
    return tuple(sorted(found, key=lambda one: one.order))


def _described(package: Package, names: frozenset[str], records: Collection[Record]) -> Vulnerability:
    def rank(name: str) -> tuple[int, str]:
        return next((place for place, start in enumerate(PREFERRED) if name.startswith(start)), len(PREFERRED)), name

    severities = [_severity(record) for record in records]
    summary = next((record.summary for record in records if record.summary), "")
    return Vulnerability(
        _printable(min(names, key=rank)),
        names,
        package,
        min(severities, key=SEVERITIES.index),
        _printable(summary),
        _fixed_in(package, records),
    )


def _printable(text: str) -> str:
    """Return a text of the service in one line, without what would control a terminal."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _severity(record: Record) -> str:
    """Return the severity that the database states in words, as GitHub's does."""
    stated = str(record.database_specific.get("severity", "")).lower()
    stated = "moderate" if stated == "medium" else stated
    return stated if stated in SEVERITIES else "unknown"


def _fixed_in(package: Package, records: Iterable[Record]) -> str | None:
    """Return the first version after a package's in which one of the records is fixed."""
    name = canonicalize_name(package.name)
    fixes = {
        event["fixed"]
        for record in records
        for affected in record.affected
        if affected.package and affected.package.ecosystem == ECOSYSTEM
        if canonicalize_name(affected.package.name) == name
        for span in affected.ranges
        if span.type == "ECOSYSTEM"
        for event in span.events
        if "fixed" in event
    }
    versions = []
    for fix in fixes:
        try:
            if Version(fix) > Version(package.version):
                versions.append(fix)
        except InvalidVersion:
            continue
    return min(versions, key=Version, default=None)


def without_exceptions(found: Iterable[Vulnerability], exceptions: Exceptions) -> tuple[tuple[Vulnerability, ...], int]:
    """Return the vulnerabilities that a repository does not ignore, and how many it does."""
    everything = list(found)
    kept = [
        one
        for one in everything
        if not one.names & exceptions.always and not (one.fixed is None and one.names & exceptions.until_fixed)
    ]
    return tuple(sorted(kept, key=lambda one: one.order)), len(everything) - len(kept)


def by_vulnerability(checked: Iterable[Checked]) -> dict[Vulnerability, list[str]]:
    """Return each vulnerability with its repositories, the most severe and most frequent ones first."""
    found: dict[Vulnerability, list[str]] = {}
    for one in checked:
        for vulnerability in one.vulnerabilities:
            found.setdefault(vulnerability, []).append(one.name)
    return dict(sorted(found.items(), key=lambda one: (one[0].order[0], -len(one[1]), one[0].order)))


def affected(checked: Iterable[Checked]) -> Mapping[str, int]:
    """Return how many repositories are affected, in order and not checked."""
    counts = {"affected": 0, "in order": 0, "not checked": 0}
    for one in checked:
        counts["not checked" if one.not_checked else "affected" if one.vulnerabilities else "in order"] += 1
    return counts
