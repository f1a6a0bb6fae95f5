"""The scenario `attacks`: builds the arena, shows that honest jobs get through, and tries every attack."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnd.github.settings.refs import rules_for
from rnd_rehearsal.attacks import (  # noqa: F401 - they declare attacks
    configuration,
    development,
    hosting,
    identities,
    job,
    left_behind,
    machine,
    planted,
    repository_code,
)
from rnd_rehearsal.attacks.arena import CONTRIBUTOR, Arena
from rnd_rehearsal.attacks.identities import wheel
from rnd_rehearsal.attacks.matrix import ATTACKERS, ATTACKS, INVARIANTS, Attempt, Matrix, Refused
from rnd_rehearsal.registry import image_registry
from rnd_rehearsal.services import MAINTAINER, SCOPES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from fake_github.state import Role
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.attacks.matrix import Attack
    from rnd_rehearsal.registry import ImageRegistry

BEFORE = "0.4.1"
EVIL = "evil"  # the name of the throw-away repository, after the prefix


def run(actors: Actors) -> None:
    """Run the scenario, and add a check for each cell of the matrix."""
    with opened(actors) as arena:
        actors.matrix = attempt(arena, ATTACKS)
        actors.check("the registry was used as AWS describes it", arena.registry.violations == [])
    for attacker in ATTACKERS:
        for invariant in INVARIANTS:
            attempts = actors.matrix.cell(attacker, invariant)
            for one in attempts:
                actors.check(f"{attacker} on {invariant} refused: {one.attack.way}", one.by is not None)
    actors.check("each cell has attempts or a reason", not [one for one in actors.matrix.faults() if "neither" in one])


@contextmanager
def opened(actors: Actors) -> Generator[Arena]:
    """Give the arena, in which honest jobs have published."""
    actors.prepare(BEFORE)
    with image_registry(actors.sandbox.organisation.require_aws().account, actors.sandbox.cloud.account) as registry:
        arena = build(actors, registry)
        honest(arena)
        yield arena


def build(actors: Actors, registry: ImageRegistry) -> Arena:
    """Return the arena: a contributor with a throw-away repository and a pull request, and somebody who may comment."""
    sandbox, hub = actors.sandbox, actors.sandbox.hub
    actors.report("a contributor has a throw-away repository and an open pull request")
    roles: dict[str, Role] = {CONTRIBUTOR: "push", hosting.TRIAGE: "triage"}
    for login, role in roles.items():
        sandbox.tokens[login] = hub.add_user(login, SCOPES)
        actors.hosted.collaborators[login] = role
    organisation = hub.state.organisation(sandbox.owner)
    if organisation is not None:
        organisation.members[CONTRIBUTOR] = "member"
    arena = Arena(actors, registry, f"{sandbox.owner}/{sandbox.organisation.repository_prefix}-{EVIL}")
    body = {"name": arena.evil.partition("/")[2], "private": True}
    sandbox.caller(CONTRIBUTOR).ask("POST", f"/orgs/{sandbox.owner}/repos", body)
    for rule in rules_for(sandbox.organisation.template.workflow_ref, None):
        arena.github(sandbox.tokens[MAINTAINER], "POST", f"/repos/{sandbox.template}/rulesets", rule.body(None))
    actors.commit(hosting.PULL, "feat: drive")
    # With a job's token, which starts no run: the required check of this pull request never comes.
    token = hub.workflow_token(arena.victim, {"contents": "read", "pull_requests": "write"})
    pull = {"title": "feat: drive", "head": hosting.PULL, "base": "main"}
    arena.kept["pull"] = arena.github(token, "POST", f"/repos/{arena.victim}/pulls", pull)["number"]
    return arena


def honest(arena: Arena) -> None:
    """Show that the identities work for those who may have them: a refusal would otherwise prove nothing."""
    actors, package = arena.actors, arena.package(arena.victim)
    actors.report("honest jobs publish a development version, a candidate and a release")
    for identity, index in (("development", actors.sandbox.development), ("release", actors.sandbox.index)):
        arena.upload(arena.own(identity), index, package, wheel(arena, arena.victim, version="9.0"))
    for identity, place in (("development", "dev/"), ("candidate", "candidate/"), ("release", "")):
        key = arena.own(identity)
        arena.aws("ecr", key, "create_repository", repositoryName=place + package, imageTagMutability="IMMUTABLE")
        arena.push_image(key, place + package, "kept")
    version = arena.call({"github": "version", "token": arena.token(arena.job("pull"))})
    release = arena.call({"github": "release", "token": arena.token(arena.job("release"))})
    tokens = [actors.sandbox.hub.state.tokens[one["github_token"]] for one in (version, release)]
    actors.check("each app's token reaches one repository", all(one.repository == arena.victim for one in tokens))


def attempt(arena: Arena, attacks: Iterable[Attack]) -> Matrix:
    """Try attacks, and return what came of them."""
    matrix = Matrix()
    for one in attacks:
        try:
            one.act(arena)
        except Refused as refused:
            matrix.attempts.append(Attempt(one, refused.by))
        else:
            matrix.attempts.append(Attempt(one, None))
    return matrix
