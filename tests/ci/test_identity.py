"""The identities of a job: OIDC token, entry role, broker, and what is said when one of them refuses."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from rnd import retry
from rnd.ci.errors import IdentityRefused, IdentityUnavailable
from rnd.ci.identity import assume, github_token
from rnd.errors import AwsUnavailable, RndError, UsageError
from rnd.organisation import load_organisation
from rnd.providers.aws import AwsCredentials
from tests.helpers.broker import Api, serve
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ORGANISATION = load_organisation(ACME)
GIVEN = {"credentials": {"key_id": "ASIAWIDE", "secret": "wide-secret", "token": "wide-token", "expires": "2027"}}
STS = b"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAENTRY</AccessKeyId>
<SecretAccessKey>entry-secret</SecretAccessKey><SessionToken>entry-token</SessionToken>
<Expiration>2027-01-15T09:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"""
DENIED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>
<RequestId>1</RequestId></ErrorResponse>"""


class Job:
    """A job whose three services answer from lists.

    Attributes:
        environ: Its environment.
        github: Gives OIDC tokens.
        sts: Gives credentials of the entry and the reading role.
        broker: Lambda's address.
    """

    def __init__(self, github: Api, sts: Api, broker: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        self.github, self.sts, self.broker = github, sts, broker
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", broker.url)
        self.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "4242",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-runners-secret",
        }

    def assume(self, identity: str) -> AwsCredentials | None:
        """Assume an identity."""
        return assume(identity, self.environ, ORGANISATION)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """A job in which everything works."""
    monkeypatch.setattr(retry, "DELAYS", (0.0, 0.0, 0.0))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        github, sts, broker = (
            stack.enter_context(serve((200, {}, answer))) for answer in ({"value": "an-oidc-token"}, STS, GIVEN)
        )
        yield Job(github, sts, broker, monkeypatch)


def test_credentials_from_the_broker(job: Job) -> None:
    assert job.assume("release") == AwsCredentials("ASIAWIDE", "wide-secret", "wide-token")
    method, path, headers, _ = job.github.asked[0]
    assert (method, path) == ("GET", "/token?api-version=2.0&audience=sts.amazonaws.com")
    assert headers["Authorization"] == "bearer the-runners-secret"
    assert job.github.asked[1][1].endswith("&audience=rnd-broker")
    ((_, _, headers, body),) = job.sts.asked
    assert "Authorization" not in headers  # the OIDC token is all the proof
    asked = {name: value for name, (value,) in parse_qs(body).items()}
    assert asked["RoleArn"] == "arn:aws:iam::000000000042:role/jobs/entry"
    assert (asked["WebIdentityToken"], asked["RoleSessionName"]) == ("an-oidc-token", "run-4242")
    ((method, path, headers, body),) = job.broker.asked
    assert (method, path) == ("POST", "/2015-03-31/functions/acme_broker/invocations")
    assert "Credential=ASIAENTRY/" in headers["Authorization"]
    assert body == {"identity": "release", "token": "an-oidc-token"}


def test_reading_needs_no_broker(job: Job) -> None:
    assert job.assume("reading") == AwsCredentials("ASIAENTRY", "entry-secret", "entry-token")
    assert "role%2Fjobs%2Freaders" in job.sts.asked[0][3]
    assert job.broker.asked == []


def test_a_token_of_github(job: Job) -> None:
    job.broker.answers = [(200, {}, {"github_token": "ghs_1", "expires": "2027"})]
    assert github_token("version", job.environ, ORGANISATION) == "ghs_1"
    assert job.broker.asked[0][3] == {"github": "version", "token": "an-oidc-token"}


def test_without_apps_jobs_use_their_own_token(job: Job) -> None:
    github = ORGANISATION.github.model_copy(update={"apps": None})
    assert github_token("version", job.environ, ORGANISATION.model_copy(update={"github": github})) is None
    assert job.github.asked == job.broker.asked == []


def test_a_job_without_the_permission_uses_its_own_token(job: Job) -> None:
    """A repository from before the broker has no `id-token: write` in the job that sets the version."""
    del job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    assert github_token("version", job.environ, ORGANISATION) is None
    assert job.broker.asked == []


def test_outside_a_workflow_boto3_finds_its_own_credentials(job: Job) -> None:
    assert assume("release", {}, ORGANISATION) is None
    assert github_token("release", {}, ORGANISATION) is None
    assert job.github.asked == []


def test_nothing_secret_is_shown(job: Job) -> None:
    assert str(job.assume("release")) == "AwsCredentials(key_id='ASIAWIDE')"


@pytest.mark.parametrize("call", [assume, github_token])
def test_an_identity_that_there_is_not(job: Job, call: Callable[..., object]) -> None:
    with pytest.raises(UsageError, match=r"There is no (identity|token) admin"):
        call("admin", job.environ, ORGANISATION)


def test_a_job_without_the_permission(job: Job) -> None:
    del job.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    with pytest.raises(IdentityRefused, match="cannot prove who it is") as caught:
        job.assume("development")
    assert "id-token: write" in caught.value.hint


def test_the_runners_secret_goes_to_https_only(job: Job) -> None:
    job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://evil.example/token"
    with pytest.raises(IdentityRefused, match="not an https address"):
        job.assume("development")


def test_the_runners_secret_does_not_follow_a_redirect(job: Job) -> None:
    with serve((200, {}, {"value": "stolen"})) as elsewhere:
        job.github.answers = [(302, {"Location": elsewhere.url}, {})]
        with pytest.raises(IdentityRefused, match="302"):
            job.assume("development")
        assert elsewhere.asked == []


def test_the_entry_role_does_not_trust_the_job(job: Job) -> None:
    job.sts.answers = [(403, {}, DENIED)]
    with pytest.raises(IdentityRefused, match="cannot assume arn:aws:iam::000000000042:role/jobs/entry") as caught:
        job.assume("development")
    assert "immutable OIDC subjects" in caught.value.hint
    assert "aws.adopted" not in caught.value.hint
    assert job.broker.asked == []


def test_the_entry_role_does_not_trust_a_repository_with_a_name_of_its_own(job: Job) -> None:
    job.sts.answers = [(403, {}, DENIED)]
    job.environ["GITHUB_REPOSITORY"] = "Acme/aligner"
    with pytest.raises(IdentityRefused) as caught:
        job.assume("development")
    assert "`aws.adopted: {aligner: PACKAGE}` in the template's org.yml" in caught.value.hint


@pytest.mark.parametrize("code", ["not-trusted", "runner-refused", "a-code-of-a-later-version"])
def test_the_broker_refuses(job: Job, code: str) -> None:
    job.broker.answers = [(200, {}, {"error": {"code": code, "message": "Because of the ref."}})]
    with pytest.raises(IdentityRefused, match=rf"identity release \({code}\): Because of the ref\."):
        job.assume("release")
    assert len(job.broker.asked) == 1


def test_the_broker_is_busy_for_a_moment(job: Job) -> None:
    busy = {"error": {"code": "aws-unavailable", "message": "STS did not answer."}}
    job.broker.answers = [(200, {}, busy), (200, {}, busy), (200, {}, GIVEN)]
    assert job.assume("release") is not None
    assert len(job.broker.asked) == 3


@pytest.mark.parametrize(
    ("answer", "error", "requests"),
    [
        ((200, {}, {"error": {"code": "internal", "message": "The broker failed."}}), IdentityUnavailable, 4),
        ((429, {"X-Amzn-ErrorType": "TooManyRequestsException"}, {}), AwsUnavailable, 4),
        ((500, {"X-Amzn-ErrorType": "ServiceException"}, {}), AwsUnavailable, 4),
        ((200, {"X-Amz-Function-Error": "Unhandled"}, {"errorMessage": "secret"}), AwsUnavailable, 1),
        ((200, {}, b"not JSON"), AwsUnavailable, 1),
        ((200, {}, []), IdentityRefused, 1),
        ((200, {}, {}), IdentityRefused, 1),
        ((200, {}, {"credentials": {"key_id": "A"}}), IdentityRefused, 1),
        ((200, {}, {"error": "text"}), IdentityRefused, 1),
    ],
)
def test_the_broker_gives_nothing(
    job: Job, answer: tuple[int, dict[str, str], object], error: type[RndError], requests: int
) -> None:
    job.broker.answers = [answer]
    with pytest.raises(error) as caught:
        job.assume("release")
    assert "secret" not in caught.value.message
    assert len(job.broker.asked) == requests


@pytest.mark.parametrize(
    ("answer", "error", "requests"),
    [
        ((403, {}, {}), IdentityRefused, 1),
        ((503, {}, {}), IdentityUnavailable, 4),
        ((200, {}, b"<html>"), IdentityUnavailable, 4),
        ((200, {}, {"count": 0}), IdentityUnavailable, 4),
    ],
)
def test_github_gives_no_token(
    job: Job, answer: tuple[int, dict[str, str], object], error: type[RndError], requests: int
) -> None:
    job.github.answers = [answer]
    with pytest.raises(error) as caught:
        job.assume("reading")
    assert "the-runners-secret" not in caught.value.message
    assert len(job.github.asked) == requests
