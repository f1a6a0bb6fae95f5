"""Check what all repositories lock: read the locks from GitHub, look up the packages, match both. Read-only."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.fleet.audit.findings import Checked, vulnerabilities, without_exceptions
from rnd.fleet.audit.locked import Exceptions, Lock, private_indexes, read_exceptions, read_lock
from rnd.fleet.listing import list_members
from rnd.fleet.nodes import read_each
from rnd.fleet.queries import LOCKS
from rnd.github.errors import RateLimited, SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rnd.fleet.audit.findings import Vulnerability
    from rnd.fleet.audit.locked import Package
    from rnd.fleet.audit.osv import Advisories
    from rnd.fleet.inventory import Member, Selection
    from rnd.fleet.nodes import One
    from rnd.fleet.reading import Reader
    from rnd.organisation import Organisation

BATCH = 10  # repositories; a lock file has up to half a MB
NO_LOCK = "no uv.lock"


@dataclass(frozen=True)
class Files:
    """The files of one repository that an audit reads."""

    lock: Lock | None = None
    exceptions: Exceptions = field(default_factory=Exceptions)
    not_checked: str | None = None
    error: bool = False


def audit(
    reader: Reader, advisories: Advisories, organisation: Organisation, selection: Selection
) -> tuple[Checked, ...]:
    """Check what repositories lock.

    Raises:
        Paused: GitHub's limits end this run.
        AdvisoriesUnavailable: The service did not answer.
        AdvisoriesRefused: It refused, or its answer is not of the documented form.
        RndError: GitHub refused, or could not be reached.
    """
    members = [one for one in list_members(reader, organisation) if one in selection]
    files = read_files(reader, organisation, members)
    packages = {package for one in files.values() if one.lock for package in one.lock.packages}
    ids = advisories.affecting(packages)
    records = advisories.records({one for found in ids.values() for one in found})
    found = {package: vulnerabilities(package, [records[one] for one in names]) for package, names in ids.items()}
    hidden = (one.split(": ", 1) for one in reader.unlisted)  # they may be of the fleet
    return (
        *(_checked(one.name, files[one.node_id], found) for one in members),
        *(Checked(name, not_checked=reason, error=True) for name, reason in hidden),
    )


def _checked(name: str, files: Files, found: Mapping[Package, Sequence[Vulnerability]]) -> Checked:
    if files.lock is None:
        return Checked(name, not_checked=files.not_checked, error=files.error)
    all_of_it = (one for package in files.lock.packages for one in found.get(package, ()))
    kept, ignored = without_exceptions(all_of_it, files.exceptions)
    return Checked(name, kept, ignored, files.lock.private)


def read_files(reader: Reader, organisation: Organisation, members: Sequence[Member]) -> dict[str, Files]:
    """Return the files of repositories, by the ID of GraphQL.

    Raises:
        Paused: GitHub's limits end this run.
        RndError: GitHub could not be reached.
    """
    is_private = private_indexes(organisation)
    names = {one.node_id: one.name for one in members}

    def read(batch: Sequence[str]) -> dict[str, Files]:
        return {
            key: _files(one, is_private, partial(_blob, reader, organisation, names[key]))
            for key, one in read_each(reader, LOCKS, batch).items()
        }

    return reader.in_batches(list(names), BATCH, read)


def _files(one: One, is_private: Callable[[str], bool], blob: Callable[[str], str]) -> Files:
    """Return the files of a repository, without keeping their text: a thousand of them have hundreds of MB."""
    if one.node is None or one.error is not None:
        return Files(not_checked=one.error or "GitHub did not answer", error=True)
    lock, project = one.node.get("lock"), one.node.get("project")
    if not lock:
        return Files(not_checked=NO_LOCK)
    try:
        text = blob(lock["oid"]) if lock["isTruncated"] or lock["text"] is None else lock["text"]
        return Files(read_lock(text, is_private), read_exceptions((project or {}).get("text")))
    except (RateLimited, SignInNeeded):
        raise
    except RndError as error:
        return Files(not_checked=error.message.rstrip("."), error=True)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Files(not_checked="uv.lock is not a lock file")


def _blob(reader: Reader, organisation: Organisation, name: str, oid: str) -> str:
    """Return the text of a file that is too large for GraphQL."""
    document: Any = reader.client.read(lambda kit: kit.rest.git.get_blob(organisation.github.owner, name, oid))
    return base64.b64decode(document["content"]).decode()
