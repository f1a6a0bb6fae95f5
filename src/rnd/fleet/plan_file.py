"""The plan of changes to the fleet, and its file: what was found and what is wanted, by the ID of the repository.

Reads that file only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rnd.fleet.errors import PlanInvalid
from rnd.github.settings.diff import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.fleet.view import View
    from rnd.github.settings.diff import Value, Values

VERSION: Literal[1] = 1
NEWER = "Update rnd, or make a new plan: `rnd fleet plan --out PLAN.json`."
LARGEST = 100_000_000  # bytes of a plan file
# What the steps of a setting send, at most: reads and writes.
REQUESTS = {
    "settings": (3, 1),
    "topics": (3, 1),
    "workflow-token": (2, 1),
    "actions-access": (2, 1),
    "publishing-environment": (6, 2),
    "protection": (8, 1),
    "default-branch": (2, 1),
    "oidc-subject": (2, 1),
    "fork-workflows": (4, 1),
    "release-tags": (8, 1),
    "release-tags-creation": (8, 1),
}
TEAM_REQUESTS = (2, 1)
Json = str | bool | int | list[str] | None


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PlannedChange(_Model):
    """One change: the setting that writes it, its key in org.yml, the value found and the value wanted."""

    setting: str
    key: str
    found: Json
    wanted: Json

    @property
    def change(self) -> Change:
        """The change as the settings describe it."""
        return Change(self.key, _value(self.wanted), _value(self.found))


class PlannedRepository(_Model):
    """The changes of one repository. It is found again by its ID, so it may be renamed."""

    id: int
    node_id: Annotated[str, Field(max_length=200)]
    name: Annotated[str, Field(max_length=100)]
    changes: Annotated[list[PlannedChange], Field(min_length=1)]

    def by_setting(self) -> dict[str, list[Change]]:
        """Return the changes of each setting."""
        found: dict[str, list[Change]] = {}
        for one in self.changes:
            found.setdefault(one.setting, []).append(one.change)
        return found


class FleetPlan(_Model):
    """A plan of changes."""

    version: Literal[1] = VERSION
    organisation: str
    server: str
    made: str
    repositories: list[PlannedRepository]

    @property
    def settings(self) -> list[str]:
        """The settings to write, one entry for each repository."""
        return [setting for one in self.repositories for setting in one.by_setting()]


@dataclass(frozen=True)
class Cost:
    """What applying a plan takes.

    Attributes:
        writes: Requests that change something, at most.
        reads: Requests that read, at most.
    """

    writes: int
    reads: int

    @property
    def seconds(self) -> int:
        """The shortest time, since writes are sent a second apart."""
        return self.writes


def make_plan(view: View, server: str, settings_of: Mapping[str, str]) -> FleetPlan:
    """Return the plan that brings the settings of a fleet in order.

    Args:
        view: The fleet.
        server: The address of GitHub's API.
        settings_of: Key in org.yml: the setting that writes it.
    """
    repositories = [
        PlannedRepository(
            id=one.member.id,
            node_id=one.member.node_id,
            name=one.member.name,
            changes=[
                PlannedChange(setting=settings_of[key], key=key, found=_json(found), wanted=_json(wanted))
                for key, wanted, found in one.changes
            ],
        )
        for one in view.changeable
        if one.changes
    ]
    made = view.taken.strftime("%Y-%m-%dT%H:%M:%SZ")
    return FleetPlan(organisation=view.owner, server=server, made=made, repositories=repositories)


def cost(plan: FleetPlan) -> Cost:
    """Return what applying a plan takes: also a look at each repository before its first change."""
    listed = [REQUESTS.get(setting, TEAM_REQUESTS) for setting in plan.settings]
    return Cost(sum(writes for _, writes in listed), len(plan.repositories) + sum(reads for reads, _ in listed))


def as_json(plan: FleetPlan) -> str:
    """Return the content of a plan file."""
    return json.dumps(plan.model_dump(), indent=2, ensure_ascii=False) + "\n"


def read_plan(path: Path, organisation: str, server: str, wanted: Values) -> FleetPlan:
    """Read a plan.

    Args:
        path: The file.
        organisation: The organisation of org.yml.
        server: The address of GitHub's API.
        wanted: The values of org.yml.

    Raises:
        PlanInvalid: It is not a plan, or not one for this organisation and this org.yml.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise PlanInvalid(f"{path} is larger than {LARGEST:,} bytes.")
        plan = FleetPlan.model_validate_json(content)
    except OSError as error:
        raise PlanInvalid(f"{path}: {error.strerror}.") from error
    except ValidationError as error:
        raise _invalid(path, error) from error
    if (plan.organisation.lower(), plan.server) != (organisation.lower(), server):
        found, expected = f"{plan.organisation} on {plan.server}", f"{organisation} on {server}"
        raise PlanInvalid(f"{path} is a plan for {found}. This is {expected}.")
    for one in plan.repositories:
        for change in one.changes:
            if change.key not in wanted or _json(wanted[change.key]) != change.wanted:
                raise PlanInvalid(f"{path} sets {change.key} of {one.name} to a value that org.yml does not have.")
    return plan


def _invalid(path: Path, error: ValidationError) -> PlanInvalid:
    """Return the first reason why a file is not a plan."""
    first = error.errors()[0]
    if first["loc"] == ("version",) and isinstance(first["input"], int) and first["input"] > VERSION:
        return PlanInvalid(f"{path} was made by a newer rnd: its version is {first['input']}.", NEWER)
    return PlanInvalid(f"{path}: {'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}.")


def _json(value: Value) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _value(value: Json) -> Value:
    return tuple(value) if isinstance(value, list) else value
