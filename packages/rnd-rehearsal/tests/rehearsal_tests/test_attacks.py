"""Every attack on a rehearsal is refused, and the policies are what refuses them."""

from __future__ import annotations

import pytest

from rnd_rehearsal import sandbox
from rnd_rehearsal.actors import Actors
from rnd_rehearsal.attacks import scenario
from rnd_rehearsal.attacks.matrix import ATTACKERS, EMPTY, INVARIANTS
from tests.helpers.machine import ROOT

# The invariants that the settings of repositories and the workflows do not hold yet.
OPEN = ("I4", "I6", "I7")

pytestmark = pytest.mark.usefixtures("no_accounts")


@pytest.mark.slow
def test_every_attack_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with sandbox.start(tmp_path_factory.mktemp("attacks"), ROOT) as up:
        actors = Actors(up)
        scenario.run(actors)
        assert actors.matrix is not None
        assert [fault for fault in actors.matrix.faults() if not any(f" {one}: " in fault for one in OPEN)] == []
        assert len(actors.matrix.attempts) > 200
        assert up.cloud.account.violations == []


def test_every_cell_is_named_once() -> None:
    assert {who for who, _ in EMPTY} <= set(ATTACKERS)
    assert {what for _, what in EMPTY} <= set(INVARIANTS)
