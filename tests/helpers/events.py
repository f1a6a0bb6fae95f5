"""What can happen to a repository between two requests of a run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from fake_github.state import Repository
    from tests.helpers.fleet import Fleet

OTHER = "other"  # a repository that is not from the template


def archive(_: Fleet, one: Repository) -> None:
    """Archive it."""
    one.settings["archived"] = True


def delete(fleet: Fleet, one: Repository) -> None:
    """Delete it."""
    del fleet.hub.state.repositories[one.full_name.lower()]


def rename(fleet: Fleet, one: Repository) -> None:
    """Rename it; GitHub redirects the old name."""
    fleet.hub.state.rename(one, "rnd-renamed")


def move(fleet: Fleet, one: Repository) -> None:
    """Give it to the user, who may change it there too; GitHub redirects the old name."""
    state = fleet.hub.state
    state.former_names[one.full_name.lower()] = one.id
    del state.repositories[one.full_name.lower()]
    owner = state.account(fleet.hosting.login)
    assert owner is not None
    one.owner = owner
    state.repositories[one.full_name.lower()] = one


def replace(fleet: Fleet, one: Repository) -> None:
    """Rename it, and give its name to the other repository."""
    name = one.name
    fleet.hub.state.rename(one, "rnd-renamed")
    fleet.hub.state.rename(fleet.hosting.repository(OTHER), name)


EVENTS: dict[str, Callable[[Fleet, Repository], None]] = {
    "archived": archive,
    "deleted": delete,
    "renamed": rename,
    "moved": move,
    "replaced": replace,
}


@contextmanager
def undone(fleet: Fleet) -> Generator[None]:
    """Undo at the end what happened meanwhile."""
    state = fleet.hub.state
    organisation = state.organisation(fleet.hosting.owner)
    assert organisation is not None
    kept = {key: (one, one.name, one.owner, one.settings["archived"]) for key, one in state.repositories.items()}
    former = dict(state.former_names)
    teams = [(team, dict(team.repositories)) for team in organisation.teams.values()]
    try:
        yield
    finally:
        state.repositories = {key: one for key, (one, *_) in kept.items()}
        state.former_names = former
        for team, repositories in teams:
            team.repositories = repositories
        for one, name, owner, archived in kept.values():
            one.name, one.owner = name, owner
            one.settings["archived"] = archived
