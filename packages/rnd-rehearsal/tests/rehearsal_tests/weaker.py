"""Weaker defences, each in place of a real one: with it, an attack must succeed that is refused otherwise."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
import secrets
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_github import sign_in
from fake_github.server import FakeGitHub
from rnd import process, uv
from rnd.publish import containers, distribution
from rnd.runners.stack import names
from rnd_rehearsal.attacks import left_behind, planted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from fake_github.state import Document, Repository
    from rnd.publish.registry import Registry
    from rnd_rehearsal.attacks.arena import Arena
    from rnd_rehearsal.cloud.account import Role


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


class Forgetful(dict[str, str]):
    """Parameters that SSM stores and does not find."""

    def __contains__(self, _: object) -> bool:
        return False


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


class Believing:
    """In place of `secrets` on the sign-in page: any password is the right one."""

    choice, token_hex = secrets.choice, secrets.token_hex

    @staticmethod
    def compare_digest(*_: object) -> bool:
        """Return whether two passwords are equal."""
        return True


# What replaces a defence in the command that a folder attacks.
TRUSTS_ANY_TEMPLATE = "import rnd.project.update as place; place.trusted_source = lambda recorded, *_: recorded"


REMOVES_OF_OTHERS = """\
import rnd.project.new as place, pathlib, shutil
real = place._existing
def existing(folder):
    for one in filter(pathlib.Path.is_dir, folder.resolve().glob(".rnd-new-*")): shutil.rmtree(one)
    return real(folder)
place._existing = existing"""


# Each defence of a step, what replaces it, and the attack that then succeeds.
STEPS = [
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
]  # fmt: skip


# The same for another user of the machine.
REHEARSALS = [
    (sign_in, "secrets", Believing,
     "signs in as an owner on the page of a rehearsal, whose password it does not know"),
    (FakeGitHub, "_is_addressed", lambda *_: True,
     "reaches a rehearsal through a page in the browser whose name leads to this machine"),
]  # fmt: skip


# The same for the command that a hostile folder, or another user of the machine, attacks.
COMMANDS = [
    (TRUSTS_ANY_TEMPLATE, "I10", "names a template whose migrations run a program, and is updated", "hostile"),
    (REMOVES_OF_OTHERS, "I11",
     "has a folder of another user removed by the plan of a new repository beside it", "local"),
]  # fmt: skip
