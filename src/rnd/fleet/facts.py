"""What is known about one repository of the fleet, as plain data. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnd.fleet.checks import UNKNOWN
from rnd.version.tags import newest, parse_release, releases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rnd.fleet.inventory import Member
    from rnd.fleet.update.decide import Decision
    from rnd.github.settings.diff import Change
    from rnd.organisation.fleet import Hold

WATCHED, JOINED, IN_ORDER = LEVELS = ("watched", "joined", "in order")
DESCRIBED = re.compile(r"(?P<base>.+?)(?:-(?P<later>\d+)-g[0-9a-f]+)?", re.ASCII)


@dataclass(frozen=True)
class Facts:
    """What is known about one repository.

    Attributes:
        member: The repository.
        behind: How many releases of the template it is behind; None if that is unknown.
        workflows: The ref at which its workflows call the shared actions; `mixed`, `none` or `unknown`.
        main: The result of the checks on `main`.
        changes: Settings that differ from org.yml.
        unknown: Settings that GitHub could not answer.
        not_read: Settings that were not asked for: only the REST API has them.
        lacking: Settings that differ, and that the organisation's plan does not have.
        hold: Why it stays at its version, if it is held.
        update: What is decided about its update pull request, if that was read.
        error: Why it could not be read; None if it was.
        joining: What stands in the way of a watched repository that may join; None if that is unknown.
        joining_at: The path in the repository that shows it; empty for its root.
        baseline: The entries that are left of the lint baseline of a repository that existed before; None if unknown.
    """

    member: Member
    behind: int | None = None
    workflows: str = UNKNOWN
    main: str = UNKNOWN
    changes: tuple[Change, ...] = ()
    unknown: tuple[str, ...] = field(default=())
    not_read: tuple[str, ...] = field(default=())
    lacking: tuple[str, ...] = field(default=())
    hold: Hold | None = None
    update: Decision | None = None
    error: str | None = None
    joining: str | None = None
    joining_at: str = ""
    baseline: int | None = 0

    def calls_another(self, workflow_ref: str) -> bool:
        """Return whether its workflows call the shared actions at another ref than they should."""
        return self.workflows not in {self.member.central or workflow_ref, UNKNOWN, "watched"}

    def level(self, workflow_ref: str) -> str:
        """Return the level: watched, joined, or in order once nothing differs and the lint baseline is empty."""
        if self.member.watched:
            return WATCHED
        conditions = {"drift", "unreadable"} & {*self.having(workflow_ref)}
        return JOINED if conditions or self.baseline != 0 else IN_ORDER

    def having(self, workflow_ref: str) -> tuple[str, ...]:
        """Return the conditions that `--having` selects it by."""
        pull = self.update.pull if self.update is not None else None
        conditions = {
            "drift": bool(self.changes or self.lacking) or self.calls_another(workflow_ref),
            "behind": bool(self.behind) and self.hold is None,
            "held": self.hold is not None or (self.update is not None and self.update.kind == "held"),
            "failing": self.main == "red" or (pull is not None and pull.checks == "red"),
            "conflict": pull is not None and pull.has_conflict,
            "unreadable": self.error is not None or bool(self.unknown),
        }
        return tuple(name for name, is_so in conditions.items() if is_so)


def behind(version: str | None, tags: Iterable[str]) -> int | None:
    """Return how many releases of the template are newer than a version of it; None if that is unknown.

    Args:
        version: The version in the answers file: `1.1.0`, or `1.1.0-3-gabc1234` for three commits later.
        tags: The tags of the template.
    """
    known = {release for release, _ in releases(tags)}
    found = DESCRIBED.fullmatch(version or "")
    release = parse_release(found["base"]) if found else None
    return None if release is None or not known else sum(one > release for one in known)


def template_version(version: str | None) -> str:
    """Return a version of the template as reports show it; commits after a release as in `1.1.0+3`."""
    found = DESCRIBED.fullmatch(version or "")
    if found is None or parse_release(found["base"]) is None:
        return UNKNOWN
    return found["base"].removeprefix("v") + (f"+{found['later']}" if found["later"] else "")


def newest_release(tags: Iterable[str]) -> str | None:
    """Return the newest release of the template, or None if there is none."""
    return newest(tags)


def called_at(texts: Iterable[str | None], template: str) -> str:
    """Return the ref at which workflows call the shared actions.

    Args:
        texts: The workflow files; None for one that could not be read.
        template: Owner and name of the template's repository.
    """
    refs: set[str] = set()
    for text in texts:
        if text is None:
            return UNKNOWN
        form = rf"""uses:\s*["']?{re.escape(template)}/[\w./-]+@([\w./-]+)"""
        refs.update(re.findall(form, text, re.IGNORECASE | re.ASCII))
    return refs.pop() if len(refs) == 1 else "mixed" if refs else "none"
