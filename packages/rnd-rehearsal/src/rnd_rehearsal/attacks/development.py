"""Attacks with the identities that a contributor's own jobs have: I3, I5, and the keys of I4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.runners.stack import names
from rnd.runners.stack.policies import STS_AUDIENCE
from rnd_rehearsal.attacks.arena import CONTRIBUTOR
from rnd_rehearsal.attacks.identities import BOTH, RS256, wheel
from rnd_rehearsal.attacks.matrix import Refused, attack

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena


@attack("I3", *BOTH)
def release_version(arena: Arena) -> object:
    """Publishes a release version of its own project."""
    name = arena.package(arena.victim)
    return arena.upload(arena.own("development"), arena.actors.sandbox.index, name, wheel(arena, arena.victim))


@attack("I3", *BOTH)
def other_development(arena: Arena) -> object:
    """Publishes a development version of another project."""
    key, name = arena.own("development"), arena.package(arena.evil)
    return arena.upload(key, arena.actors.sandbox.development, name, wheel(arena, arena.evil))


@attack("I3", *BOTH)
def other_file(arena: Arena) -> object:
    """Publishes another project's file under its own name."""
    key, name = arena.own("development"), arena.package(arena.victim)
    return arena.upload(key, arena.actors.sandbox.development, name, wheel(arena, arena.evil))


@attack("I3", *BOTH)
def by_reading(arena: Arena) -> object:
    """Publishes with the reading role."""
    token = arena.token(arena.job("branch"), audience=STS_AUDIENCE)
    key = arena.web(arena.organisation.require_aws().reading_role, token)
    name = arena.package(arena.victim)
    return arena.upload(key, arena.actors.sandbox.development, name, wheel(arena, arena.victim))


@attack("I3", *BOTH)
def by_candidate(arena: Arena) -> object:
    """Publishes with the candidate identity."""
    name = arena.package(arena.victim)
    return arena.upload(arena.own("candidate"), arena.actors.sandbox.index, name, wheel(arena, arena.victim))


@attack("I3", "stranger")
def by_nobody(arena: Arena) -> object:
    """Publishes without credentials."""
    name = arena.package(arena.victim)
    return arena.upload(None, arena.actors.sandbox.development, name, wheel(arena, arena.victim))


@attack("I3", "stranger")
def image_by_nobody(arena: Arena) -> object:
    """Pushes an image without credentials."""
    return arena.push_image(None, arena.package(arena.victim), "latest")


def _push(identity: str, place: str, tag: str, whose: str) -> None:
    """Declare the attempt to push an image to a repository that is not the identity's."""

    def act(arena: Arena) -> object:
        repository = arena.victim if whose == "its own" else arena.evil
        return arena.push_image(arena.own(identity), f"{place}{arena.package(repository)}", tag)

    target = f"{place or 'release/'}PACKAGE:{tag} of {whose} project".replace("release/", "")
    attack("I3", *BOTH, way=f"pushes {target} with the {identity} identity")(act)


for _identity, _place, _tag, _whose in (
    ("development", "", "9.0", "its own"),
    ("development", "", "stable", "its own"),
    ("development", "", "latest", "its own"),
    ("development", "candidate/", "9.0", "its own"),
    ("development", "candidate/", "environment-1", "its own"),
    ("development", "dev/", "9.0", "another"),
    ("candidate", "", "stable", "its own"),
    ("candidate", "dev/", "9.0", "its own"),
    ("candidate", "candidate/", "9.0", "another"),
):
    _push(_identity, _place, _tag, _whose)


def _on_images(operation: str, way: str, **parameters: Any) -> None:  # noqa: ANN401 - of boto3
    """Declare the attempt to call ECR for the release repository with the development identity."""

    def act(arena: Arena) -> object:
        name = arena.package(arena.victim)
        return arena.aws("ecr", arena.own("development"), operation, repositoryName=name, **parameters)

    attack("I3", *BOTH, way=way)(act)


_on_images("batch_delete_image", "deletes a release image", imageIds=[{"imageTag": "stable"}])
_on_images("put_image_tag_mutability", "makes release tags mutable", imageTagMutability="MUTABLE")
_on_images("delete_repository", "deletes the release repository", force=True)
_on_images("set_repository_policy", "opens the release repository to everybody", policyText="{}")
_on_images(
    "put_image",
    "moves stable to an image by its manifest",
    imageManifest='{"schemaVersion": 2}',
    imageTag="stable",
)


@attack("I3", *BOTH)
def candidate_from_branch(arena: Arena) -> object:
    """Asks for the candidate identity from a branch."""
    return arena.identity("candidate", arena.job("branch"))


@attack("I3", *BOTH)
def candidate_from_pull(arena: Arena) -> object:
    """Asks for the candidate identity from a pull request."""
    return arena.identity("candidate", arena.job("pull"))


@attack("I3", *BOTH)
def development_from_target(arena: Arena) -> object:
    """Asks for the development identity by pull_request_target."""
    return arena.identity("development", arena.job("main", event_name="pull_request_target"))


@attack("I3", "contributor")
def outside(arena: Arena) -> object:
    """Asks for the development identity from a repository outside of the prefix."""
    owner = arena.organisation.github.owner
    if arena.actors.sandbox.hub.state.repository(f"{owner}/other") is None:
        arena.actors.sandbox.caller(CONTRIBUTOR).ask("POST", f"/orgs/{owner}/repos", {"name": "other", "private": True})
    return arena.identity("development", arena.job("branch"), f"{owner}/other")


@attack("I3", "contributor")
def foreign_workflow(arena: Arena) -> object:
    """Asks for the development identity through a workflow of another repository."""
    return arena.identity("development", arena.job("branch", arena.evil))


@attack("I5", *BOTH)
def second_wheel(arena: Arena) -> object:
    """Uploads a second wheel with a build tag to the releases."""
    key, name = arena.own("development"), arena.package(arena.victim)
    return arena.upload(key, arena.actors.sandbox.index, name, wheel(arena, arena.victim, "-1"))


@attack("I5", *BOTH)
def source(arena: Arena) -> object:
    """Uploads a source distribution of the version to the releases."""
    name = arena.package(arena.victim)
    return arena.upload(
        arena.own("candidate"), arena.actors.sandbox.index, name, f"{name.replace('-', '_')}-9.0.tar.gz"
    )


@attack("I5", *BOTH)
def forged_candidate(arena: Arena) -> object:
    """Puts a forged image where main's candidate belongs."""
    return arena.push_image(arena.own("development"), f"candidate/{arena.package(arena.victim)}", "0.4.2")


@attack("I5", *BOTH)
def replaced_candidate(arena: Arena) -> object:
    """Replaces a candidate that was pushed."""
    name = f"candidate/{arena.package(arena.victim)}"
    return arena.push_image(arena.own("candidate"), name, "kept")


@attack("I5", "stranger")
def stranger_file(arena: Arena) -> object:
    """Publishes a file without credentials."""
    name = arena.package(arena.victim)
    return arena.upload(None, arena.actors.sandbox.index, name, wheel(arena, arena.victim, "-1"))


def _sign(identity: str) -> None:
    """Declare the attempt to let KMS sign for an app."""

    def act(arena: Arena) -> object:
        key = arena.entry() if identity == "entry" else arena.own(identity)
        alias = names.app_key_alias(arena.organisation, "release")
        return arena.aws("kms", key, "sign", KeyId=alias, Message=b"x", MessageType="RAW", SigningAlgorithm=RS256)

    attack("I4", *BOTH, way=f"signs for the release app with the {identity} identity")(act)


for _identity in ("entry", "development", "candidate"):
    _sign(_identity)


@attack("I4", "contributor")
def sign_by_release(arena: Arena) -> object:
    """Signs for the release app with the release identity of a throw-away repository."""
    alias = names.app_key_alias(arena.organisation, "release")
    key = arena.own("release", arena.evil)
    return arena.aws("kms", key, "sign", KeyId=alias, Message=b"x", MessageType="RAW", SigningAlgorithm=RS256)


@attack("I4", "stranger")
def sign_by_nobody(arena: Arena) -> object:
    """Signs for the release app without credentials."""
    alias = names.app_key_alias(arena.organisation, "release")
    return arena.aws("kms", None, "sign", KeyId=alias, Message=b"x", MessageType="RAW", SigningAlgorithm=RS256)


@attack("I4", *BOTH)
def private_key(arena: Arena) -> object:
    """Finds the private key of an app among the secrets of a job."""
    settings = arena.actors.sandbox.runner.settings
    found = [name for name, value in {**settings.secrets, **settings.variables}.items() if "PRIVATE KEY" in value]
    if not found:
        raise Refused("no secret of the organisation is a key")
    return found
