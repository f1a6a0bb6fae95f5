"""Every attack on a rehearsal is refused, and the policies are what refuses them."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal_tests.weaker import COMMANDS, REHEARSALS, STEPS, Forgetful, changed, loosened, undone, without
from rnd.runners.stack import names, policies
from rnd_rehearsal import sandbox
from rnd_rehearsal.actors import Actors
from rnd_rehearsal.attacks import machine, scenario
from rnd_rehearsal.attacks.arena import CONTRIBUTOR
from rnd_rehearsal.attacks.matrix import ATTACKS
from rnd_rehearsal.cloud.account import Account
from rnd_rehearsal.cloud.web_identity import IdentityProvider
from scripts.weaken import read_defences
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd_rehearsal.attacks.arena import Arena
    from rnd_rehearsal.cloud.account import Role, Session


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_accounts")]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A sandbox with an attacked repository, in which honest jobs have published."""
    with sandbox.start(tmp_path_factory.mktemp("attacks"), ROOT) as up, scenario.opened(Actors(up)) as opened:
        yield opened


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


@pytest.mark.parametrize(
    ("name", "change", "invariant", "way", "who"),
    [
        ("main", "disabled", "I5", "pushes to main", {"contributor", "dependency"}),
        ("main", "for everybody who may write", "I5", "pushes to main", {"contributor"}),
        ("main", "of another branch", "I5", "pushes to main", {"contributor", "dependency"}),
        ("main", "without pull_request", "I5", "moves main by the API", set()),
        (
            "main",
            "with a check of any app",
            "I6",
            "reports the required check by hand as a status, and merges",
            {"contributor"},
        ),
        ("main", "without required_status_checks", "I6", "merges before the required check is there", {"contributor"}),
        ("release-tags-creation", "disabled", "I7", "pushes a release tag", {"contributor", "dependency"}),
        ("release-tags-creation", "disabled", "I7", "creates a release tag by the API", {"contributor"}),
        ("release-tags-creation", "disabled", "I7", "creates a release, and with it a tag", {"contributor"}),
        ("release-tags-creation", "for everybody who may write", "I7", "pushes a release tag", {"contributor"}),
        ("release-tags", "disabled", "I7", "moves the tag of a release", {"contributor", "dependency"}),
        ("release-tags", "without deletion", "I7", "deletes the tag of a release", {"contributor"}),
    ],
)
def test_each_rule_of_a_repository_refuses_something(
    arena: Arena, name: str, change: str, invariant: str, way: str, who: set[str]
) -> None:
    """Without the rule, an attack succeeds that is refused otherwise."""
    repository = arena.actors.sandbox.hub.state.repository(arena.victim)
    assert repository is not None
    number = next(number for number, one in repository.rulesets.items() if one["name"] == name)
    assert ways(arena, invariant, way) == set()
    with undone(repository):
        repository.rulesets = repository.rulesets | {number: changed(repository.rulesets[number], change)}
        assert ways(arena, invariant, way) >= who
    assert ways(arena, invariant, way) == set()


def test_the_ref_of_the_central_actions_does_not_go_back_for_its_writers(arena: Arena) -> None:
    """A writer of the template's repository can add a commit, which is reviewed, and cannot replace one."""
    repository = arena.actors.sandbox.hub.state.repository(arena.actors.sandbox.template)
    assert repository is not None
    way = "pushes to the ref of the central actions"
    with undone(repository):
        repository.collaborators = repository.collaborators | {CONTRIBUTOR: "push"}
        assert ways(arena, "I8", way) == set()
        repository.rulesets = {}
        assert ways(arena, "I8", way) == {"contributor"}
    assert ways(arena, "I8", way) == set()


def test_a_package_belongs_to_the_repository_that_first_asked(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the owner that the broker stores, the next repository of a name takes the package of the former."""
    way = "creates a repository under the name of one that was deleted, and asks for its release identity"
    assert ways(arena, "I2", way) == set()
    monkeypatch.setattr(arena.actors.sandbox.cloud.parameters, "values", Forgetful())
    assert ways(arena, "I2", way) == {"contributor"}


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


BROKER = {one.defence: one for one in read_defences() if one.file.startswith("src/rnd/runners/broker/")}


@pytest.mark.parametrize(
    ("defence", "invariant", "way"),
    [
        ("the event is one that runs code of the ref (`event_name`)", "I2",
         "asks for the release identity by pull_request_target"),
        ("the release identity needs a machine that runs no repository code (`runner_environment`)", "I9",
         "asks for the release identity on a machine that runs repository code"),
        ("the name of a repository is the normalised name of its package", "I2",
         "names a throw-away repository so that its package is another project's"),
        ("the session policy names one package", "I2",
         "publishes another project's package with the release identity of a throw-away repository"),
    ],
)  # fmt: skip
def test_each_check_of_the_broker_refuses_something(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, defence: str, invariant: str, way: str
) -> None:
    """In the code that Lambda runs. The conditions of the policies stay: what they refuse too is weakened elsewhere."""
    assert ways(arena, invariant, way) == set()
    monkeypatch.setattr(arena, "kept", {})
    (function,) = arena.actors.sandbox.cloud.functions.functions.values()
    file = function.place / "code" / "broker" / Path(BROKER[defence].file).name
    text = file.read_text(encoding="utf-8")
    file.write_text(BROKER[defence].weaken(text), encoding="utf-8")
    function.close()
    try:
        assert "contributor" in ways(arena, invariant, way)
    finally:
        file.write_text(text, encoding="utf-8")
        function.close()


def test_the_signature_of_a_token_is_what_is_believed(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker has no other proof: without it, everybody writes a token of their own."""
    way = "signs a release token with a key of its own"
    assert ways(arena, "I2", way) == set()

    def believe(_: IdentityProvider, token: str) -> dict[str, Any]:
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return claims

    monkeypatch.setattr(IdentityProvider, "verify", believe)
    assert "contributor" in ways(arena, "I2", way)


@pytest.mark.parametrize(("place", "name", "weaker", "invariant", "way"), STEPS)
def test_each_defence_of_a_step_refuses_something(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, place: object, name: str, weaker: object, invariant: str, way: str
) -> None:
    """With a weaker one, an attack succeeds that is refused otherwise."""
    assert ways(arena, invariant, way) == set()
    monkeypatch.setattr(place, name, weaker)
    assert "dependency" in ways(arena, invariant, way)


@pytest.mark.parametrize(("place", "name", "weaker", "way"), REHEARSALS)
def test_each_defence_of_a_rehearsal_refuses_something(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, place: object, name: str, weaker: object, way: str
) -> None:
    """With a weaker one, another user of the machine enters."""
    assert ways(arena, "I11", way) == set()
    monkeypatch.setattr(place, name, weaker)
    assert ways(arena, "I11", way) == {"local"}


@pytest.mark.parametrize(("weaker", "invariant", "way", "who"), COMMANDS)
def test_each_defence_of_a_command_refuses_something(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, weaker: str, invariant: str, way: str, who: str
) -> None:
    """With a weaker one, a hostile folder or another user of the machine gets through."""
    assert ways(arena, invariant, way) == set()
    program = f"{weaker}\nimport sys, rnd.cli\nsys.exit(rnd.cli.main(sys.argv[1:]))"
    monkeypatch.setattr(machine, "COMMAND", (sys.executable, "-c", program))
    kept = arena.kept.pop("shared", None)
    if kept is not None:
        shutil.rmtree(kept)
    assert ways(arena, invariant, way) == {who}
    arena.kept.pop("shared", None)
    shutil.rmtree(Path(arena.actors.sandbox.folder, "shared"), ignore_errors=True)


def test_every_attack_is_refused(arena: Arena) -> None:
    """The last test of this module: an attack that succeeds changes the repository."""
    matrix = scenario.attempt(arena, ATTACKS)
    assert matrix.faults() == []
    assert len(matrix.attempts) > 200
    assert arena.registry.violations == []
    assert arena.actors.sandbox.cloud.account.violations == []
