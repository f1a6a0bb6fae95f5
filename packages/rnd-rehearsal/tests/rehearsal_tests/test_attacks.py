"""Every attack on a rehearsal is refused, and the policies are what refuses them."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rnd.runners.stack import names, policies
from rnd_rehearsal import sandbox
from rnd_rehearsal.actors import Actors
from rnd_rehearsal.attacks import scenario
from rnd_rehearsal.attacks.matrix import ATTACKERS, ATTACKS, EMPTY, INVARIANTS, Attempt, Matrix
from rnd_rehearsal.cloud.account import Account
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rnd_rehearsal.attacks.arena import Arena
    from rnd_rehearsal.cloud.account import Role, Session

# Where the files are that docs/threats.md names.
PLACES = (".", "packages/fake-github/tests", "packages/rnd-rehearsal/tests/rehearsal_tests")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_accounts")]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A sandbox with an attacked repository, in which honest jobs have published."""
    with sandbox.start(tmp_path_factory.mktemp("attacks"), ROOT) as up, scenario.opened(Actors(up)) as opened:
        yield opened


def loosened(arena: Arena, name: str, change: Callable[[Any], None]) -> Role:
    """Return a role of the stack whose trust policy is changed."""
    role = arena.actors.sandbox.cloud.account.roles[names.role_arn(arena.organisation, name)]
    trust = copy.deepcopy(role.trust)
    change(trust["Statement"][0]["Condition"])
    return replace(role, trust=trust)


def without(*claims: str) -> Callable[[Any], None]:
    """Return what removes the conditions on some claims."""

    def change(conditions: Any) -> None:  # noqa: ANN401 - a part of a policy
        for keys in conditions.values():
            for claim in claims:
                keys.pop(f"{names.ISSUER}:{claim}", None)

    return change


def ways(arena: Arena, invariant: str, way: str) -> set[str]:
    """Return who succeeds with an attack."""
    found = [one for one in ATTACKS if (one.invariant, one.way) == (invariant, way)]
    assert found
    return {one.attack.attacker for one in scenario.attempt(arena, found).attempts if one.by is None}


@pytest.mark.parametrize(
    ("role", "claims", "invariant", "way"),
    [
        ("verify-release", ("ref",), "I2", "asks for the release identity from a branch, in the environment"),
        (
            "verify-release",
            ("job_workflow_ref",),
            "I2",
            "asks for the release identity from main, in a workflow of the repository",
        ),
        (
            "verify-release",
            ("environment", "sub"),
            "I2",
            "asks for the release identity from main, in an environment of another name",
        ),
        ("verify-candidate", ("job_workflow_ref",), "I1", "asks for the candidate identity from a test or a hook"),
        ("verify-development", ("job_workflow_ref",), "I1", "asks for the development identity from a test or a hook"),
        (
            "verify-version",
            ("job_workflow_ref",),
            "I1",
            "asks for the version app's token from a test or a hook in a job of a pull request",
        ),
        ("base-images", ("sub", "job_workflow_ref"), "I2", "takes the role of the base images"),
    ],
)
def test_each_condition_of_a_trust_policy_refuses_something(
    arena: Arena, role: str, claims: tuple[str, ...], invariant: str, way: str
) -> None:
    """Without the condition, an attack succeeds that it refuses otherwise."""
    roles = arena.actors.sandbox.cloud.account.roles
    kept = loosened(arena, f"rnd-{role}", lambda _: None)
    assert ways(arena, invariant, way) == set()
    roles[kept.arn] = loosened(arena, f"rnd-{role}", without(*claims))
    try:
        assert "dependency" in ways(arena, invariant, way)
    finally:
        roles[kept.arn] = kept


def test_the_session_policy_limits_an_identity_to_one_repository(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the release identity of a throw-away repository publishes another project's package."""
    way = "publishes another project's package with the release identity of a throw-away repository"
    assert ways(arena, "I2", way) == set()
    real = Account.give

    def unlimited(self: Account, role: Role, name: str, seconds: int, _: object = None) -> Session:
        return real(self, role, name, seconds)

    monkeypatch.setattr(Account, "give", unlimited)
    monkeypatch.setattr(arena, "kept", {})
    assert ways(arena, "I2", way) == {"contributor"}


def test_the_wide_roles_trust_nobody_but_the_broker(arena: Arena) -> None:
    roles = arena.actors.sandbox.cloud.account.roles
    arn = names.role_arn(arena.organisation, names.wide_role(arena.organisation, "release"))
    kept, way = roles[arn], "assumes a role of the broker with its token"
    owner = arena.actors.sandbox.hub.state.organisation(arena.organisation.github.owner)
    assert owner is not None
    trust = policies.verify_trust(arena.organisation, str(owner.id), "release")
    roles[arn] = replace(kept, trust=trust)
    try:
        assert ways(arena, "I2", way) == {"contributor", "dependency"}
    finally:
        roles[arn] = kept
    assert ways(arena, "I2", way) == set()


def test_every_attack_is_refused(arena: Arena) -> None:
    """The last test of this module: an attack that succeeds changes the repository."""
    matrix = scenario.attempt(arena, ATTACKS)
    assert matrix.faults() == []
    assert len(matrix.attempts) > 200
    assert arena.registry.violations == []
    assert arena.actors.sandbox.cloud.account.violations == []


def test_the_page_for_reviewers_names_what_is_tried() -> None:
    """Its attackers, its invariants, and the files of the attempts of each."""
    rows = [line.strip("|").split("|") for line in (ROOT / "docs/threats.md").read_text(encoding="utf-8").splitlines()]
    cells = {row[0].strip(): [one.strip() for one in row[1:]] for row in rows if len(row) > 1}
    assert set(ATTACKERS) <= set(cells)
    for invariant in INVARIANTS:
        written = set(re.findall(r"`(\w+)\.py`", cells[invariant][1]))
        assert written == {one.act.__module__.rpartition(".")[2] for one in ATTACKS if one.invariant == invariant}
        for name in re.findall(r"`([\w/.]+)`", cells[invariant][2]):
            assert name in globals() or any((ROOT / place / name).exists() for place in PLACES), name


def test_a_cell_without_attempts_has_a_reason() -> None:
    assert {who for who, _ in EMPTY} <= set(ATTACKERS)
    assert {what for _, what in EMPTY} <= set(INVARIANTS)
    empty = Matrix([Attempt(one, "somebody") for one in ATTACKS if one.invariant != "I5"])
    assert "contributor on I5 has neither attempts nor a reason" in empty.faults()
    broken = Matrix([Attempt(ATTACKS[0], None)])
    assert f"{ATTACKS[0].attacker} breaks {ATTACKS[0].invariant}: {ATTACKS[0].way}" in broken.faults()
    assert broken.rows()[list(ATTACKERS).index(ATTACKS[0].attacker)].count("0/1") == 1
