"""What happens to a repository while a run has it in its plan: it is left out, or followed; no other one is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.fleet import governor
from tests.helpers.events import EVENTS, OTHER

if TYPE_CHECKING:
    from tests.helpers.fleet import Fleet

NAMES = ["rnd-a", "rnd-b", "rnd-c"]


# What happens to a repository while it waits for its turn: what the run does, and whether it has its settings then.
SAID: dict[str, tuple[int, str]] = {
    "archived": (3, "left out [fleet-changed-since]: it is now archived"),
    "deleted": (1, "failed [github-not-there]"),
    "renamed": (0, ""),
    "moved": (3, "left out [fleet-changed-since]: it moved to "),
    "replaced": (3, "left out [fleet-changed-since]: another repository has its name now"),
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
    fleet.add(OTHER, answers="")
    fleet.hosting.repository(OTHER).settings["has_wiki"] = True
    code, said = SAID[event]
    one = fleet.hosting.repository("rnd-b")
    fleet.hub.calls.clear()

    def meanwhile(request: Any, phase: str) -> None:  # noqa: ANN401
        if phase == "after" and request.method == "PATCH" and request.path.endswith("/rnd-a"):
            EVENTS[event](fleet, one)

    fleet.hub.faults.append(meanwhile)
    assert cli.main(["fleet", "apply", "--quiet"]) == code
    assert said in capsys.readouterr().out
    assert one.settings["has_wiki"] is (event != "renamed")
    if event == "replaced":
        assert fleet.hosting.repository("rnd-b").settings["has_wiki"] is True
    assert [fleet.hosting.repository(name).settings["has_wiki"] for name in ("rnd-a", "rnd-c")] == [False, False]
