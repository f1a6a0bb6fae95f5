"""What happens to a repository while a run has it in its plan: it is left out, or followed; no other one is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.fleet import governor

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.state import Repository
    from tests.helpers.fleet import Fleet

NAMES = ["rnd-a", "rnd-b", "rnd-c"]


def archive(_: Fleet, one: Repository) -> None:
    one.settings["archived"] = True


def delete(fleet: Fleet, one: Repository) -> None:
    del fleet.hub.state.repositories[one.full_name.lower()]


def rename(fleet: Fleet, one: Repository) -> None:
    fleet.hub.state.rename(one, "rnd-renamed")


def move(fleet: Fleet, one: Repository) -> None:
    """Give it to the user, who may change its settings there too."""
    state = fleet.hub.state
    state.former_names[one.full_name.lower()] = one.id
    del state.repositories[one.full_name.lower()]
    owner = state.account(fleet.hosting.login)
    assert owner is not None
    one.owner = owner
    state.repositories[one.full_name.lower()] = one


def replace(fleet: Fleet, one: Repository) -> None:
    """Give its name to a repository that is not from the template."""
    fleet.hub.state.rename(one, "rnd-renamed")
    other = fleet.hosting.repository("other")
    other.settings["has_wiki"] = True
    fleet.hub.state.rename(other, "rnd-b")


# What happens to a repository while it waits for its turn: what the run does, and whether it has its settings then.
EVENTS: dict[str, tuple[Callable[[Fleet, Repository], None], int, str]] = {
    "archived": (archive, 3, "left out [fleet-changed-since]: it is now archived"),
    "deleted": (delete, 1, "failed [github-not-there]"),
    "renamed": (rename, 0, ""),
    "moved": (move, 3, "left out [fleet-changed-since]: it moved to "),
    "replaced": (replace, 3, "left out [fleet-changed-since]: another repository has its name now"),
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_happens_to_a_repository_before_its_turn(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    """The fleet is read minutes before; a write never reaches another repository, or another owner."""
    monkeypatch.setattr(governor, "PAUSE", 0.0)
    for name in NAMES:
        fleet.add(name)
        fleet.hosting.repository(name).settings["has_wiki"] = True
    fleet.add("other", answers="")
    happens, code, said = EVENTS[event]
    one = fleet.hosting.repository("rnd-b")
    fleet.hub.calls.clear()

    def meanwhile(request: Any, phase: str) -> None:  # noqa: ANN401
        if phase == "after" and request.method == "PATCH" and request.path.endswith("/rnd-a"):
            happens(fleet, one)

    fleet.hub.faults.append(meanwhile)
    assert cli.main(["fleet", "apply", "--quiet"]) == code
    assert said in capsys.readouterr().out
    assert one.settings["has_wiki"] is (event != "renamed")
    if event == "replaced":
        assert fleet.hosting.repository("rnd-b").settings["has_wiki"] is True
    assert [fleet.hosting.repository(name).settings["has_wiki"] for name in ("rnd-a", "rnd-c")] == [False, False]
