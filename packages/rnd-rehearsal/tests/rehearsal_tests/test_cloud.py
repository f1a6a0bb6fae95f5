"""The AWS account of a rehearsal: who gets credentials, for what, and that the real broker gives them out."""

from __future__ import annotations

import base64
import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.exceptions import ClientError
from joserfc import jwt

from fake_github import FakeGitHub
from rnd.organisation import load_organisation
from rnd_rehearsal.cloud import stack
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd.organisation import Organisation
    from rnd_rehearsal.cloud.account import Session
    from rnd_rehearsal.cloud.server import Cloud

FILES = f"{load_organisation(ROOT / 'org.yml').github.owner}/rnd-rover/.github/workflows"
IMAGE, VERSION = f"{FILES}/build_and_push_docker_image.yml", f"{FILES}/on_pr.yml"
HOSTED = {"event_name": "push", "actor": "ada", "runner_environment": "github-hosted"}
MAIN = HOSTED | {"ref": "refs/heads/main", "job_workflow_ref": f"{IMAGE}@refs/heads/main"}
BRANCH = HOSTED | {"ref": "refs/heads/drive", "job_workflow_ref": f"{IMAGE}@refs/heads/drive"}
PULL = HOSTED | {
    "ref": "refs/pull/1/merge",
    "event_name": "pull_request",
    "job_workflow_ref": f"{VERSION}@refs/pull/1/merge",
}


class Deployed:
    """The publishing stack of org.yml, and a repository `rnd-rover` on a fake GitHub."""

    def __init__(self, hub: FakeGitHub, cloud: Cloud, organisation: Organisation) -> None:
        self.hub, self.cloud, self.organisation = hub, cloud, organisation
        owner, ref = organisation.github.owner, organisation.template.workflow_ref
        self.repository = f"{owner}/rnd-rover"
        central = f"{owner}/rnd-template/.github/workflows/publish_package.yml@refs/heads/{ref}"
        self.release = MAIN | {"environment": "publish", "job_workflow_ref": central}

    def token(self, job: dict[str, str], audience: str = "rnd-broker") -> str:
        """Return a token of a job."""
        given = self.hub.id_tokens(self.repository, job)
        headers = {"Authorization": f"bearer {given['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
        address = f"{given['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}"
        with urlopen(Request(address, headers=headers)) as answer:
            return str(json.load(answer)["value"])

    def client(self, service: str, key: tuple[str, str, str] | None = None) -> Any:  # noqa: ANN401
        """Return a client of a service, with no credentials by default."""
        key_id, secret, token = key or ("none", "none", "none")
        return boto3.client(  # pyrefly: ignore[no-matching-overload]
            service,
            region_name=self.organisation.require_aws().region,
            endpoint_url=f"http://127.0.0.1:{self.cloud.port}",
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    def assume(self, role: str, token: str, **more: object) -> tuple[str, str, str]:
        """Assume a role with a token, and return the credentials."""
        with closing(self.client("sts")) as sts:
            given = sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName="test", WebIdentityToken=token, **more
            )["Credentials"]
        return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]

    def invoke(self, event: dict[str, str], entry: dict[str, str] = BRANCH) -> dict[str, Any]:
        """Call the broker as a job does."""
        key = self.assume(self.organisation.require_aws().entry_role, self.token(entry, "sts.amazonaws.com"))
        with closing(self.client("lambda", key)) as functions:
            answer = functions.invoke(FunctionName=self.organisation.require_aws().broker, Payload=json.dumps(event))
            document: dict[str, Any] = json.load(answer["Payload"])
        return document

    def session(self, answer: dict[str, Any]) -> Session:
        """Return the session of the credentials in an answer of the broker."""
        return self.cloud.account.sessions[answer["credentials"]["key_id"]]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deploy the stack of org.yml, with the apps."""
    folder: Path = tmp_path_factory.mktemp("cloud")
    organisation = load_organisation(ROOT / "org.yml")
    owner = organisation.github.owner
    with FakeGitHub.serve(folder / "hub") as hub:
        token = hub.add_user("ada", {"repo"})
        hub.add_organisation(owner, {"ada": "admin"})
        apps = stack.add_apps(hub, owner)
        clients = {"apps": {name: client for name, (client, _) in apps.items()}}
        organisation = organisation.model_validate(
            organisation.model_dump(exclude_none=True)
            | {"github": organisation.github.model_dump(exclude_none=True) | clients}
        )
        body = json.dumps({"name": "rnd-rover", "private": True, "auto_init": True}).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        urlopen(Request(f"{hub.api_url}/orgs/{owner}/repos", body, headers)).close()
        with stack.start(hub, organisation) as cloud:
            keys = {name: key for name, (_, key) in apps.items()}
            stack.deploy(cloud, hub, organisation, keys, "1", folder / "broker")
            yield Deployed(hub, cloud, organisation)
            assert cloud.account.violations == []
        assert hub.violations == []


@pytest.mark.parametrize(
    ("identity", "job", "allowed", "refused"),
    [
        ("development", BRANCH, ("ecr:PutImage", "ecr", "repository/dev/{}"), ("ecr:PutImage", "ecr", "repository/{}")),
        (
            "candidate",
            MAIN,
            ("ecr:PutImage", "ecr", "repository/candidate/{}"),
            ("ecr:PutImage", "ecr", "repository/{}"),
        ),
    ],
)
def test_an_identity_writes_its_own_names(
    deployed: Deployed, identity: str, job: dict[str, str], allowed: tuple[str, str, str], refused: tuple[str, str, str]
) -> None:
    package = f"{deployed.organisation.slug}-rnd-rover"
    session = deployed.session(deployed.invoke({"identity": identity, "token": deployed.token(job)}))
    account = deployed.cloud.account
    action, service, resource = allowed
    account.check(session, action, account.arn(service, resource.format(package)))
    for name in (refused[2].format(package), resource.format(f"{package}-other")):
        with pytest.raises(Exception, match="is not authorized"):
            account.check(session, refused[0], account.arn(refused[1], name))


@pytest.mark.slow
def test_another_deployment_replaces_the_broker_and_ends_its_process(deployed: Deployed, tmp_path: Path) -> None:
    event = {"identity": "development", "token": deployed.token(BRANCH)}
    assert "credentials" in deployed.invoke(event)
    functions = deployed.cloud.functions.functions
    (former,) = functions.values()
    process = former._process  # noqa: SLF001
    assert process is not None
    stack.deploy(deployed.cloud, deployed.hub, deployed.organisation, {}, "1", tmp_path)
    assert process.poll() is not None
    (current,) = functions.values()
    assert current is not former
    assert "credentials" in deployed.invoke(event)


def test_a_package_belongs_to_the_first_repository_of_its_name(deployed: Deployed) -> None:
    """Somebody deletes a repository, and somebody else makes another one of its name."""
    parameter = f"/rnd/packages/{deployed.organisation.slug}-rnd-rover"
    values = deployed.cloud.parameters.values
    event = {"identity": "development", "token": deployed.token(BRANCH)}
    assert "credentials" in deployed.invoke(event)
    first = values[parameter]
    try:
        values[parameter] = f"{first}0"
        assert deployed.invoke(event)["error"]["code"] == "repository-refused"
        assert values[parameter] == f"{first}0", "the broker does not replace it"
    finally:
        values[parameter] = first


def test_the_release_identity_publishes_its_own_package(deployed: Deployed) -> None:
    session = deployed.session(deployed.invoke({"identity": "release", "token": deployed.token(deployed.release)}))
    account, index = deployed.cloud.account, deployed.organisation.require_codeartifact()
    for repository, package, allowed in (
        (index.repository, "rnd-rover", True),
        (index.repository, "rnd-other", False),
        (index.development_repository, "rnd-rover", False),
    ):
        name = f"package/{index.domain}/{repository}/pypi//{deployed.organisation.slug}-{package}"
        arn = account.arn("codeartifact", name)
        if allowed:
            account.check(session, "codeartifact:PublishPackageVersion", arn)
        else:
            with pytest.raises(Exception, match="is not authorized"):
                account.check(session, "codeartifact:PublishPackageVersion", arn)


@pytest.mark.parametrize(
    "change",
    [
        {"ref": "refs/heads/drive"},
        {"environment": "other"},
        {"job_workflow_ref": "Acme/rnd-rover/.github/workflows/publish_package.yml@refs/heads/main"},
        {"event_name": "pull_request"},
        {"runner_environment": "self-hosted"},
    ],
)
def test_another_job_gets_no_release_identity(deployed: Deployed, change: dict[str, str]) -> None:
    answer = deployed.invoke({"identity": "release", "token": deployed.token(deployed.release | change)})
    assert set(answer) == {"error"}


def test_the_apps_sign_by_kms_and_reach_one_repository(deployed: Deployed) -> None:
    answer = deployed.invoke({"github": "version", "token": deployed.token(PULL)})
    token = deployed.hub.state.tokens[answer["github_token"]]
    assert (token.repository, token.permissions) == (deployed.repository, {"contents": "write"})
    assert "error" in deployed.invoke({"github": "release", "token": deployed.token(PULL)})


def test_a_forged_token_is_refused(deployed: Deployed) -> None:
    """A signature of another key, an algorithm without one, a changed claim, and the wrong times and audiences."""
    from joserfc.jwk import RSAKey

    entry, good = deployed.organisation.require_aws().entry_role, deployed.token(MAIN, "sts.amazonaws.com")
    key = deployed.hub.provider.key
    head, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = RSAKey.generate_key(2048, {"kid": str(key.kid)})
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"ref": "x"}).encode()).rstrip(b"=").decode()
    header = {"alg": "RS256", "kid": key.kid}
    for forged, code in (
        (jwt.encode(header, claims, other), "InvalidIdentityToken"),
        (f"{none}.{payload}.", "InvalidIdentityToken"),
        (f"{head}.{changed}.{signature}", "InvalidIdentityToken"),
        (jwt.encode(header, claims | {"exp": int(time.time()) - 1}, key), "ExpiredTokenException"),
        (jwt.encode(header, claims | {"nbf": int(time.time()) + 60}, key), "InvalidIdentityToken"),
        (jwt.encode(header, claims | {"iss": "https://evil.example"}, key), "InvalidIdentityToken"),
        (deployed.token(MAIN, "evil"), "InvalidIdentityToken"),
        (deployed.token(MAIN, "rnd-broker"), "AccessDenied"),
    ):
        with pytest.raises(ClientError, match=code):
            deployed.assume(entry, forged)
    assert deployed.assume(entry, good)


def test_only_what_was_given_out_signs(deployed: Deployed) -> None:
    key = deployed.assume(deployed.organisation.require_aws().entry_role, deployed.token(MAIN, "sts.amazonaws.com"))
    with closing(deployed.client("sts", key)) as sts:
        assert ":assumed-role/" in sts.get_caller_identity()["Arn"]
    for wrong in ((key[0], "other", key[2]), (key[0], key[1], "other"), ("ASIANONE", *key[1:])):
        with closing(deployed.client("sts", wrong)) as sts, pytest.raises(ClientError, match=r"Signature|Token"):
            sts.get_caller_identity()
    with closing(deployed.client("kms", key)) as kms, pytest.raises(ClientError, match="not authorized"):
        kms.sign(
            KeyId="alias/rnd-app-release", Message=b"x", MessageType="RAW", SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256"
        )
    wide = deployed.organisation.require_aws().entry_role.rpartition("/")[0] + "/rnd-publish-release"
    with closing(deployed.client("sts", key)) as sts, pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=wide, RoleSessionName="evil")
