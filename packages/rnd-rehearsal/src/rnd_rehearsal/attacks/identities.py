"""Attacks on the identities of AWS: I2, I3, and what of I4 and I5 is decided there."""

from __future__ import annotations

import base64
import json
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.jwk import RSAKey

from rnd.runners.stack import names
from rnd.runners.stack.policies import STS_AUDIENCE
from rnd_rehearsal.attacks.arena import CONTRIBUTOR
from rnd_rehearsal.attacks.matrix import Refused, attack
from rnd_rehearsal.services import MAINTAINER

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena, Key

BOTH = ("contributor", "dependency")
RS256 = "RSASSA_PKCS1_V1_5_SHA_256"
# Jobs that a contributor can start, or claim to have started, none of which is the release.
JOBS: dict[str, tuple[str, dict[str, str]]] = {
    "from a branch": ("branch", {}),
    "from a branch, through the central workflow": ("branch", {"job_workflow_ref": "central"}),
    "from a branch, in the environment": ("release", {"ref": "refs/heads/change"}),
    "from a pull request, in the environment": ("release", {"ref": "refs/pull/1/merge", "event_name": "pull_request"}),
    "from a tag named main": ("release", {"ref": "refs/tags/main"}),
    "from a branch named refs/heads/main": ("release", {"ref": "refs/heads/refs/heads/main"}),
    "from main, without the environment": ("release", {"environment": ""}),
    "from main, in an environment of another name": ("release", {"environment": "other"}),
    "from main, in an environment written in capitals": ("release", {"environment": "PUBLISH"}),
    "from main, in an environment whose name has the subject in it": (
        "release",
        {"environment": "x:environment:publish"},
    ),
    "from main, in a workflow of the repository": ("release", {"job_workflow_ref": "own"}),
    "from main, in the job that builds the image": ("main", {"environment": "publish"}),
    "through the central workflow at a tag": ("release", {"job_workflow_ref": "central@refs/tags/v1"}),
    "through the central workflow at another branch": ("release", {"job_workflow_ref": "central@refs/heads/evil"}),
    "through the central workflow at a branch that begins like the ref": (
        "release",
        {"job_workflow_ref": "central@refs/heads/v1-evil"},
    ),
    "through the central workflow at a commit": ("release", {"job_workflow_ref": "central@" + "0" * 40}),
    "through another central workflow": ("release", {"job_workflow_ref": "other"}),
    "through a copy of the central workflow in another organisation": ("release", {"job_workflow_ref": "eve"}),
    "by pull_request_target": ("release", {"event_name": "pull_request_target"}),
    "by workflow_run": ("release", {"event_name": "workflow_run"}),
    "by a comment": ("release", {"event_name": "issue_comment"}),
    "on a machine of ours": ("release", {"runner_environment": "self-hosted"}),
}


def job_of(arena: Arena, way: str) -> dict[str, str]:
    """Return the claims of one of `JOBS`."""
    kind, changes = JOBS[way]
    ref = changes.get("job_workflow_ref", "")
    central = arena.central("publish_package.yml")
    full = {
        "central": central,
        "own": f"{arena.victim}/.github/workflows/publish_package.yml@refs/heads/main",
        "other": arena.central("check.yml"),
        "eve": f"eve/{central.partition('/')[2]}",
    }.get(ref, central.partition("@")[0] + ref.removeprefix("central") if ref else "")
    return arena.job(kind, **changes | ({"job_workflow_ref": full} if ref else {}))


def _ask(way: str) -> None:
    attack("I2", *BOTH, way=f"asks for the release identity {way}")(
        lambda arena: arena.identity("release", job_of(arena, way))
    )


for _way in JOBS:
    _ask(_way)


def forge(arena: Arena, **changes: object) -> str:
    """Return a token of a release job that the issuer's key signs, with other claims."""
    token = arena.token(arena.job("release"))
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    key = arena.actors.sandbox.hub.provider.key
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims | changes, key)


@attack("I2", *BOTH)
def expired(arena: Arena) -> object:
    """Shows a release token that has expired."""
    return arena.identity("release", {}, token=forge(arena, exp=int(time.time()) - 1))


@attack("I2", *BOTH)
def other_audience(arena: Arena) -> object:
    """Shows a release token for another audience."""
    return arena.identity("release", {}, token=arena.token(arena.job("release"), audience=STS_AUDIENCE))


@attack("I2", *BOTH, "stranger")
def other_issuer(arena: Arena) -> object:
    """Shows a release token of another issuer."""
    return arena.identity("release", {}, token=forge(arena, iss="https://evil.example"))


@attack("I2", *BOTH, "stranger")
def other_key(arena: Arena) -> object:
    """Signs a release token with a key of its own."""
    token = arena.token(arena.job("release"))
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    key = RSAKey.generate_key(2048, {"kid": str(arena.actors.sandbox.hub.provider.key.kid)})
    return arena.identity("release", {}, token=jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key))


@attack("I2", *BOTH, "stranger")
def no_signature(arena: Arena) -> object:
    """Shows a release token without a signature."""
    payload = arena.token(arena.job("release")).split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return arena.identity("release", {}, token=f"{head}.{payload}.")


@attack("I2", *BOTH)
def changed(arena: Arena) -> object:
    """Changes a claim of its own token."""
    head, payload, signature = arena.token(arena.job("branch")).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | arena.job("release")
    return arena.identity("release", {}, token=f"{head}.{_encode(claims)}.{signature}")


@attack("I2", *BOTH)
def odd_request(arena: Arena) -> object:
    """Asks the broker in a form that it might read twice."""
    token = arena.token(arena.job("branch"))
    events: list[object] = [
        {"identity": ["release"], "token": token},
        {"identity": "release", "github": "version", "token": token},
        {"identity": "Release", "token": token},
        {"identity": "release", "token": [token]},
        {"identity": "base-images", "token": token},
        [{"identity": "release", "token": token}],
    ]
    for event in events[:-1]:
        with suppress(Refused):
            return arena.call(event)
    return arena.call(events[-1])


@attack("I2", *BOTH)
def wide_role(arena: Arena) -> object:
    """Assumes a role of the broker by itself."""
    arn = names.role_arn(arena.organisation, names.wide_role(arena.organisation, "release"))
    return arena.aws("sts", arena.entry(), "assume_role", RoleArn=arn, RoleSessionName="evil")


@attack("I2", *BOTH)
def wide_role_by_token(arena: Arena) -> object:
    """Assumes a role of the broker with its token."""
    arn = names.role_arn(arena.organisation, names.wide_role(arena.organisation, "release"))
    return arena.web(arn, arena.token(arena.job("release")))


@attack("I2", *BOTH)
def empty_role(arena: Arena) -> object:
    """Uses the empty role that verifies a token."""
    arn = names.role_arn(arena.organisation, names.verify_role(arena.organisation, "development"))
    key = arena.web(arn, arena.token(arena.job("branch")))
    return arena.upload(key, arena.actors.sandbox.index, arena.package(arena.victim), wheel(arena, arena.victim))


@attack("I2", *BOTH)
def base_images(arena: Arena) -> object:
    """Takes the role of the base images."""
    arn = names.role_arn(arena.organisation, names.base_image_role(arena.organisation))
    return arena.web(arn, arena.token(arena.job("main"), audience=STS_AUDIENCE))


@attack("I2", *BOTH)
def reading_role(arena: Arena) -> object:
    """Lets the reading role call the broker."""
    job = arena.job("release")
    key = arena.web(arena.organisation.require_aws().reading_role, arena.token(job, audience=STS_AUDIENCE))
    event = json.dumps({"identity": "release", "token": arena.token(job)}).encode()
    return arena.aws("lambda", key, "invoke", FunctionName=arena.organisation.require_aws().broker, Payload=event)


@attack("I2", "stranger", "contributor")
def no_credentials(arena: Arena) -> object:
    """Calls the broker without credentials."""
    event = json.dumps({"identity": "release", "token": arena.token(arena.job("release"))}).encode()
    return arena.aws("lambda", None, "invoke", FunctionName=arena.organisation.require_aws().broker, Payload=event)


def wheel(arena: Arena, repository: str, build: str = "", version: str = "") -> str:
    """Return the file name of a wheel, by default of a version that nobody has published, not even another attack."""
    version = version or f"9.{secrets.randbelow(10**9)}"
    return f"{arena.package(repository).replace('-', '_')}-{version}{build}-py3-none-any.whl"


def _throw_away(arena: Arena) -> Key:
    """Return the release identity of a throw-away repository: its owner may have that."""
    return arena.own("release", arena.evil)


@attack("I2", "contributor")
def foreign_package(arena: Arena) -> object:
    """Publishes another project's package with the release identity of a throw-away repository."""
    name = arena.package(arena.victim)
    return arena.upload(_throw_away(arena), arena.actors.sandbox.index, name, wheel(arena, arena.victim))


@attack("I2", "contributor")
def foreign_file(arena: Arena) -> object:
    """Uploads another project's file under its own name."""
    name = arena.package(arena.evil)
    return arena.upload(_throw_away(arena), arena.actors.sandbox.index, name, wheel(arena, arena.victim))


@attack("I2", "contributor")
def foreign_image(arena: Arena) -> object:
    """Pushes another project's image with the release identity of a throw-away repository."""
    return arena.push_image(_throw_away(arena), arena.package(arena.victim), "stable")


@attack("I2", "contributor")
def squat(arena: Arena) -> object:
    """Creates another project's image repository before that project does."""
    return arena.aws(
        "ecr", _throw_away(arena), "create_repository", repositoryName=f"{arena.package(arena.victim)}-cpu"
    )


@attack("I2", "contributor")
def mutable(arena: Arena) -> object:
    """Makes versions mutable with its own release identity."""
    return arena.aws(
        "ecr",
        _throw_away(arena),
        "put_image_tag_mutability",
        repositoryName=arena.package(arena.evil),
        imageTagMutability="MUTABLE",
    )


@attack("I2", "contributor")
def collision(arena: Arena) -> object:
    """Names a throw-away repository so that its package is another project's."""
    owner, prefix = arena.organisation.github.owner, arena.organisation.repository_prefix
    caller = arena.actors.sandbox.caller(CONTRIBUTOR)
    for name in (f"{prefix}--rover", f"{prefix}-Rover2", f"{prefix}-rover.", f"{prefix}-rover_"):
        repository = f"{owner}/{name}"
        if arena.actors.sandbox.hub.state.repository(repository) is None:
            caller.ask("POST", f"/orgs/{owner}/repos", {"name": name, "private": True})
        try:
            arena.identity("release", arena.job("release"), repository)
        except Refused as refused:
            last = refused
            continue
        return name
    raise last


@attack("I2", "contributor")
def reused_name(arena: Arena) -> object:
    """Creates a repository under the name of one that was deleted, and asks for its release identity."""
    owner, name = arena.organisation.github.owner, f"{arena.organisation.repository_prefix}-gone-{secrets.token_hex(4)}"
    place, sandbox, body = f"{owner}/{name}", arena.actors.sandbox, {"name": name, "private": True}
    token = sandbox.hub.add_user(MAINTAINER, {"repo", "delete_repo"})
    arena.github(token, "POST", f"/orgs/{owner}/repos", body)
    arena.own("release", place)
    arena.github(token, "DELETE", f"/repos/{place}")
    arena.github(sandbox.tokens[CONTRIBUTOR], "POST", f"/orgs/{owner}/repos", body)
    return arena.identity("release", arena.job("release"), place)


def _customise(way: str, **subject: object) -> None:
    """Declare the attempt to get an identity with another form of the subject, which a repository's owner can set."""

    def act(arena: Arena) -> object:
        token, path = arena.actors.sandbox.tokens[CONTRIBUTOR], f"/repos/{arena.evil}/actions/oidc/customization/sub"
        arena.github(token, "PUT", path, {"use_default": False, "use_immutable_subject": True, **subject})
        job = arena.job("branch", workflow="x:environment:publish", environment="other")
        try:
            return arena.identity("release", job | {"job_workflow_ref": arena.central("release.yml")}, arena.evil)
        finally:
            arena.github(token, "PUT", path, {"use_default": True, "use_immutable_subject": True})

    attack("I2", "contributor", way=f"makes the subject of its tokens {way}")(act)


_customise("end like that of a release", include_claim_keys=["repo", "workflow"])
_customise("begin with the repository twice", include_claim_keys=["repo", "repo", "context"])
_customise("name no ids", use_default=True, use_immutable_subject=False)


def _encode(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
