"""Every attack on a rehearsal is refused, and the policies are what refuses them."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fake_github import sign_in
from fake_github.server import FakeGitHub
from rnd import process, uv
from rnd.publish import containers, distribution
from rnd.runners.stack import names, policies
from rnd_rehearsal import sandbox
from rnd_rehearsal.actors import Actors
from rnd_rehearsal.attacks import left_behind, machine, planted, scenario
from rnd_rehearsal.attacks.arena import CONTRIBUTOR
from rnd_rehearsal.attacks.matrix import ATTACKERS, ATTACKS, EMPTY, INVARIANTS, Attempt, Matrix
from rnd_rehearsal.cloud.account import Account
from rnd_rehearsal.cloud.web_identity import IdentityProvider
from scripts.weaken import read_defences
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from fake_github.state import Document, Repository
    from rnd.publish.registry import Registry
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


@contextmanager
def undone(repository: Repository) -> Generator[Repository]:
    """Give a repository of the fake GitHub, and undo what changes in it."""
    kinds = ("rulesets", "releases", "statuses", "check_runs", "environments", "collaborators", "pulls")
    kept = {kind: copy.copy(getattr(repository, kind)) for kind in kinds}
    pulls = {number: copy.copy(pull) for number, pull in repository.pulls.items()}
    refs = dict(line.split() for line in bare(repository, "for-each-ref", "--format=%(refname) %(objectname)"))
    try:
        yield repository
    finally:
        for kind, before in (kept | {"pulls": pulls}).items():
            setattr(repository, kind, before)
        now = dict(line.split() for line in bare(repository, "for-each-ref", "--format=%(refname) %(objectname)"))
        for ref in now.keys() - refs.keys():
            bare(repository, "update-ref", "-d", ref)
        for ref, commit in refs.items():
            bare(repository, "update-ref", ref, commit)


def bare(repository: Repository, *arguments: str) -> list[str]:
    """Run git in a repository of the fake GitHub."""
    return process.run("git", *arguments, cwd=repository.folder).splitlines()


def changed(ruleset: Document, change: str) -> Document:
    """Return a ruleset that somebody has weakened."""
    weaker = copy.deepcopy(ruleset)
    match change:
        case "disabled":
            weaker["enforcement"] = "disabled"
        case "for everybody who may write":
            weaker["bypass_actors"] = [{"actor_type": "RepositoryRole", "actor_id": 4, "bypass_mode": "always"}]
        case "of another branch":
            weaker["conditions"]["ref_name"] = {"include": ["refs/heads/other"], "exclude": []}
        case "with a check of any app":
            for rule in weaker["rules"]:
                for check in rule.get("parameters", {}).get("required_status_checks", ()):
                    check.pop("integration_id", None)
        case _:
            weaker["rules"] = [rule for rule in weaker["rules"] if rule["type"] != change.removeprefix("without ")]
    assert weaker != ruleset
    return weaker


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


class Forgetful(dict[str, str]):
    """Parameters that SSM stores and does not find."""

    def __contains__(self, _: object) -> bool:
        return False


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


def first_wheel(_: str, folder: Path) -> Path:
    """Take any wheel of a folder, in place of `distribution._find`."""
    return min(folder.glob("*.whl"))


@contextmanager
def stored(registry: Registry) -> Generator[dict[str, str]]:
    """Sign in as `docker login` does: the password is in the user's configuration, beside what is there."""
    file = Path(os.environ["DOCKER_CONFIG"], "config.json")
    before = json.loads(file.read_text(encoding="utf-8"))
    before.setdefault("credHelpers", {registry.host: "rnd"})
    file.write_text(json.dumps(before | {"auths": {registry.host: {"password": registry.password}}}), encoding="utf-8")
    helper = file.with_name("docker-credential-rnd")
    helper.write_text('#!/bin/sh\necho \'{"Username": "AWS"}\'\n', encoding="utf-8")
    helper.chmod(0o700)
    path = f"{file.parent}{os.pathsep}{os.environ['PATH']}"
    yield {"DOCKER_CONFIG": str(file.parent), "REGISTRY_AUTH_FILE": str(file), "PATH": path}


def install_by_address(folder: Path, *arguments: str, extra: dict[str, str]) -> str:
    """Pass uv the token in the address, and keep the command."""
    credentials = [value for name, value in extra.items() if name.endswith("_PASSWORD")]
    rest = [one.replace("://", f"://aws:{credentials[0]}@") for one in arguments]
    Path(folder, "commands").write_text(" ".join(rest), encoding="utf-8")
    return uv_run(folder, *rest, extra=extra)


uv_run, uv_attempt = uv.run, uv.attempt


def attempt_beside(folder: Path | None, *arguments: str, extra: dict[str, str | None] | None = None) -> object:
    """Run `uv publish` in the folder of the wheel, where it reads configuration."""
    return uv_attempt(Path(arguments[-1]).parent if arguments[0] == "publish" else folder, *arguments, extra=extra)


def read_any(root: Path, folder: Path, _: str) -> object:
    """Accept a wheel of any digest."""
    (wheel,) = folder.glob("*.whl")
    return distribution.read_built(root, folder, hashlib.sha256(wheel.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("place", "name", "weaker", "invariant", "way"),
    [
        (distribution, "_find", first_wheel, "I5", "hands over a second wheel of the version, with a build tag"),
        (containers, "_signed_in", stored, "I1",
         "finds the credentials of the registry in Docker's configuration, after an image was pushed"),
        (containers, "_signed_in", stored, "I1",
         "names a program of its own as Docker's credential helper, for the step that pushes an image"),
        (uv, "run", install_by_address, "I1",
         "finds the token of the package index in uv's cache, netrc or another file, after packages were installed"),
        (uv, "attempt", attempt_beside, "I1",
         "keeps a `uv.toml` beside its wheel, which sends the upload and its credentials through a proxy of its own"),
        (planted, "COMMAND", (sys.executable, "-m", "rnd", "version", "next"), "I1",
         "plants modules and configuration of Python, uv, pip, git and Docker in the folder that a central step reads"),
        (planted, "read_built", read_any, "I5",
         "deletes the wheel of the build, from a test, and keeps another one under its name"),
        (left_behind, "CACHES", re.compile("uses: "), "I5",
         "finds a cache that a pull request writes and main reads: of GitHub, of Docker or of an action"),
    ],
)  # fmt: skip
def test_each_defence_of_a_step_refuses_something(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, place: object, name: str, weaker: object, invariant: str, way: str
) -> None:
    """With a weaker one, an attack succeeds that is refused otherwise."""
    assert ways(arena, invariant, way) == set()
    monkeypatch.setattr(place, name, weaker)
    assert "dependency" in ways(arena, invariant, way)


class Believing:
    """In place of `secrets` on the sign-in page: any password is the right one."""

    choice, token_hex = secrets.choice, secrets.token_hex

    @staticmethod
    def compare_digest(*_: object) -> bool:
        """Return whether two passwords are equal."""
        return True


@pytest.mark.parametrize(
    ("place", "name", "weaker", "way"),
    [
        (sign_in, "secrets", Believing,
         "signs in as an owner on the page of a rehearsal, whose password it does not know"),
        (FakeGitHub, "_is_addressed", lambda *_: True,
         "reaches a rehearsal through a page in the browser whose name leads to this machine"),
    ],
)  # fmt: skip
def test_each_defence_of_a_rehearsal_refuses_something(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, place: object, name: str, weaker: object, way: str
) -> None:
    """With a weaker one, another user of the machine enters."""
    assert ways(arena, "I11", way) == set()
    monkeypatch.setattr(place, name, weaker)
    assert ways(arena, "I11", way) == {"local"}


# What replaces a defence in the command that a folder attacks.
TRUSTS_ANY_TEMPLATE = "import rnd.project.update as place; place.trusted_source = lambda recorded, *_: recorded"
REMOVES_OF_OTHERS = """\
import rnd.project.new as place, pathlib, shutil
real = place._existing
def existing(folder):
    for one in filter(pathlib.Path.is_dir, folder.resolve().glob(".rnd-new-*")): shutil.rmtree(one)
    return real(folder)
place._existing = existing"""


@pytest.mark.parametrize(
    ("weaker", "invariant", "way", "who"),
    [
        (TRUSTS_ANY_TEMPLATE, "I10", "names a template whose migrations run a program, and is updated", "hostile"),
        (REMOVES_OF_OTHERS, "I11",
         "has a folder of another user removed by the plan of a new repository beside it", "local"),
    ],
)  # fmt: skip
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


def test_the_page_for_reviewers_counts_what_is_weakened() -> None:
    """Its table has each test of this module that weakens something, with the number of its cases."""
    page = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
    written = {name: int(number) for name, number in re.findall(r"^\| `(test_\w+)` \| (\d+)", page, re.MULTILINE)}
    assert {name for name in written if name not in globals()} == set()
    counted = {name: [len(one.args[1]) for one in getattr(globals()[name], "pytestmark", ())] for name in written}
    assert written == {name: sum(found) or 1 for name, found in counted.items()}
    assert f"- {sum(written.values())} more" in page


def test_a_cell_without_attempts_has_a_reason() -> None:
    assert {who for who, _ in EMPTY} <= set(ATTACKERS)
    assert {what for _, what in EMPTY} <= set(INVARIANTS)
    assert {(one.attacker, one.invariant) for one in ATTACKS} & set(EMPTY) == set(), "the reason is not true any more"
    empty = Matrix([Attempt(one, "somebody") for one in ATTACKS if one.invariant != "I5"])
    assert "contributor on I5 has neither attempts nor a reason" in empty.faults()
    broken = Matrix([Attempt(ATTACKS[0], None)])
    assert f"{ATTACKS[0].attacker} breaks {ATTACKS[0].invariant}: {ATTACKS[0].way}" in broken.faults()
    assert broken.rows()[list(ATTACKERS).index(ATTACKS[0].attacker)].count("0/1") == 1
