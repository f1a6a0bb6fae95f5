"""What is known about the update pull requests of a repository, as plain data. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rnd.fleet import checks
from rnd.fleet.checks import UNKNOWN
from rnd.fleet.rings import own_hold
from rnd.fleet.update.words import AUTHOR_EMAIL, CONFLICT_SUBJECT, read_marker, read_title
from rnd.version.commits import VERSION_SUBJECT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.fleet.update.words import Marker
    from rnd.organisation.fleet import Hold

    Node = Mapping[str, Any]

MOST_COMMITS = 30
TRAILERS = re.compile(r"(?m)^Rnd-(Template|Base): (\S+)$")


@dataclass(frozen=True)
class Commit:
    """A commit of a pull request: its ID, its message, and the address of who made it."""

    oid: str
    message: str
    email: str

    @property
    def is_update(self) -> bool:
        """Whether it is the one that has the changes of the template."""
        return self.email == AUTHOR_EMAIL and bool(self.trailers)

    @property
    def is_conflict(self) -> bool:
        """Whether it is the one that has the conflict markers."""
        return self.email == AUTHOR_EMAIL and self.message.startswith(CONFLICT_SUBJECT)

    @property
    def is_version(self) -> bool:
        """Whether the pipeline made it, to set the version."""
        return self.message.strip().startswith(VERSION_SUBJECT) and "\n" not in self.message.strip()

    @property
    def trailers(self) -> dict[str, str]:
        """The release in it, and the commit of `main` that it was made on."""
        return dict(TRAILERS.findall(self.message))


@dataclass(frozen=True)
class Pull:
    """An update pull request.

    Attributes:
        id: Its ID in GraphQL.
        number: Its number.
        url: Its page.
        title: Its title.
        release: The release in its title; None if somebody changed the title.
        state: `OPEN`, `CLOSED` or `MERGED`.
        draft: Whether it is a draft.
        head: The last commit.
        created: When it was opened.
        closed: When it was closed or merged.
        body: Its text; only of an open one, as the rest.
        mergeable: `MERGEABLE`, `CONFLICTING` or `UNKNOWN`.
        checks: The result of its checks.
        commits: Its commits, the oldest first; one more than `MOST_COMMITS` if there are more.
    """

    id: str
    number: int
    url: str
    title: str
    release: str | None
    state: str
    draft: bool
    head: str
    created: datetime
    closed: datetime | None = None
    body: str = ""
    mergeable: str = UNKNOWN
    checks: str = UNKNOWN
    commits: tuple[Commit, ...] = field(default=())

    @property
    def marker(self) -> Marker | None:
        """What its text says it is about."""
        return read_marker(self.body)

    @property
    def has_conflict(self) -> bool:
        """Whether it has conflict markers."""
        return any(one.is_conflict for one in self.commits)

    @property
    def foreign(self) -> bool:
        """Whether somebody else than `rnd` and the pipeline has a commit in it."""
        return len(self.commits) > MOST_COMMITS or any(
            not (one.is_update or one.is_conflict or one.is_version) for one in self.commits
        )

    @property
    def update(self) -> Commit | None:
        """The commit with the changes of the template."""
        return next((one for one in self.commits if one.is_update), None)


@dataclass(frozen=True)
class Updates:
    """The update pull requests of a repository.

    Attributes:
        open: The open one.
        earlier: Those that are closed or merged, the newest first.
        main: The last commit of `main`.
        main_checks: The result of the checks on it.
        tip: The last commit of the update branch; None if there is no branch.
        hold: What the repository says in `.github/rnd.yml`.
        error: Why they could not be read; None if they were.
    """

    open: Pull | None = None
    earlier: tuple[Pull, ...] = ()
    main: str | None = None
    main_checks: str = UNKNOWN
    tip: str | None = None
    hold: Hold | None = None
    error: str | None = None

    @property
    def refused(self) -> frozenset[str]:
        """The releases whose pull requests were closed."""
        return frozenset(one.release for one in self.earlier if one.state == "CLOSED" and one.release)

    @property
    def merged(self) -> datetime | None:
        """When the last one was merged."""
        return max((one.closed for one in self.earlier if one.state == "MERGED" and one.closed), default=None)

    @property
    def created(self) -> tuple[datetime, ...]:
        """When they were opened."""
        return tuple(one.created for one in (*self.earlier, *([self.open] if self.open else [])))


def read_updates(node: Node, details: Mapping[str, Node | None], error: str | None) -> Updates:
    """Return the update pull requests of a repository.

    Args:
        node: The repository, as `observe.UPDATES` reads it.
        details: The open pull requests by ID, as `observe.PULLS` reads them; None for one that could not be read.
        error: Why a part of the repository could not be read.
    """
    listed = [one for one in (node.get("updates") or {}).get("nodes") or () if one and not one["isCrossRepository"]]
    pulls = [_pull(one, details.get(one["id"])) for one in listed]
    opened = next((one for one in pulls if one.state == "OPEN"), None)
    if opened is not None and details.get(opened.id) is None:
        error = error or f"pull request {opened.number} could not be read"
    hold = node.get("hold") or {}
    return Updates(
        opened,
        tuple(one for one in pulls if one.state != "OPEN"),
        _oid(node.get("head")),
        checks.result(node.get("head")),
        _oid(node.get("branch")),
        None if hold.get("isTruncated") else own_hold(hold.get("text")),
        error or (None if node.get("updates") is not None else "GitHub did not answer"),
    )


def _oid(ref: Node | None) -> str | None:
    return ((ref or {}).get("target") or {}).get("oid")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _pull(one: Node, more: Node | None) -> Pull:
    created = datetime.fromisoformat(one["createdAt"])
    plain = Pull(
        one["id"],
        one["number"],
        one["url"],
        one["title"],
        read_title(one["title"]),
        one["state"],
        one["isDraft"],
        one["headRefOid"],
        created,
        _moment(one["mergedAt"] or one["closedAt"]),
    )
    if more is None:
        return plain
    return replace(
        plain,
        body=more["body"],
        mergeable=more["mergeable"],
        checks=checks.result(more.get("headRef")),
        commits=_commits(more["commits"]),
    )


def _commits(connection: Node) -> tuple[Commit, ...]:
    nodes: Sequence[Node] = [one["commit"] for one in connection["nodes"] if one]
    found = [Commit(one["oid"], one["message"], (one.get("committer") or {}).get("email") or "") for one in nodes]
    more = [Commit("", "", "")] if connection["totalCount"] > MOST_COMMITS else []
    return tuple(found + more)
