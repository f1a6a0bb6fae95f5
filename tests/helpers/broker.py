"""What the tests of the broker share: tokens, and services that answer from a list."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import ANY, Stubber

from rnd.organisation import load_organisation
from rnd.runners.broker import handler
from rnd.runners.broker.refusal import CODES
from rnd.runners.broker.tools import Tools
from rnd.runners.stack.configuration import broker_configuration
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

NOW = 1_800_000_000
OWNER_ID = "1001"
ORGANISATION = load_organisation(ACME)
CONFIGURATION = broker_configuration(ORGANISATION, OWNER_ID)
SUBJECT = f"repo:acme-robotics@{OWNER_ID}/lab-aligner@77"
PACKAGE = "acme-lab-aligner"
PARAMETER = f"/lab/packages/{PACKAGE}"

MAIN = "ref:refs/heads/main"
RELEASE = "environment:shipping"
CONTEXTS = {"development": "pull_request", "candidate": MAIN, "release": RELEASE, "version": "pull_request"}


def claims(context: str = "pull_request", changed: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the claims of a job of a pull request."""
    return {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "rnd-broker",
        "exp": NOW + 300,
        "sub": f"{SUBJECT}:{context}",
        "repository": "acme-robotics/lab-aligner",
        "repository_id": "77",
        "repository_owner_id": OWNER_ID,
        "event_name": "pull_request" if context == "pull_request" else "push",
        "runner_environment": "self-hosted",
        "run_id": "4242",
        "job_workflow_ref": "acme-robotics/lab-aligner/.github/workflows/any.yml@refs/heads/any",
        **(changed or {}),
    }


def token(payload: object) -> str:
    """Return a token with a payload; who verifies signatures is STS, which the tests replace."""
    return ".".join(_part(part) for part in ({"alg": "RS256"}, payload, "signature"))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class Services:
    """STS, SSM and KMS that answer what a test expects them to be asked, in this order, and nothing else.

    Attributes:
        sts: What STS is asked.
        ssm: What SSM is asked.
        kms: What KMS is asked.
        tools: For the broker.
        slept: How long the broker waited between attempts.
    """

    def __init__(self, api: str = "http://127.0.0.1:9") -> None:
        keys: dict[str, Any] = {"aws_access_key_id": "broker", "aws_secret_access_key": "broker"}
        sts, ssm, kms = (boto3.client(name, region_name="us-east-2", **keys) for name in ("sts", "ssm", "kms"))
        self.sts, self.ssm, self.kms, self.slept = Stubber(sts), Stubber(ssm), Stubber(kms), list[float]()
        for one in (self.sts, self.ssm, self.kms):
            one.activate()
        self.tools = Tools(sts, ssm, kms, api, now=lambda: NOW, sleep=self.slept.append)

    def verifies(self, identity: str, context: str = "pull_request", **answer: str) -> None:
        """STS accepts the token for an identity."""
        self.sts.add_response(
            "assume_role_with_web_identity",
            {"SubjectFromWebIdentityToken": f"{SUBJECT}:{context}", "Audience": "rnd-broker", **answer},
            {
                "RoleArn": f"arn:aws:iam::000000000042:role/lab-verify-{identity}",
                "RoleSessionName": "77-4242",
                "WebIdentityToken": ANY,
                "DurationSeconds": 900,
            },
        )

    def knows(self, repository_id: str) -> None:
        """SSM knows which repository the package belongs to."""
        self.ssm.add_response(
            "get_parameter", {"Parameter": {"Name": PARAMETER, "Value": repository_id}}, {"Name": PARAMETER}
        )

    def gives(self, identity: str, policy: str, repository_id: str = "77") -> None:
        """STS gives credentials of a wide role, if they are limited by a session policy, and the package is theirs."""
        if repository_id:
            self.knows(repository_id)
        expires = datetime.fromtimestamp(NOW + 3600, UTC)
        self.sts.add_response(
            "assume_role",
            {
                "Credentials": {
                    "AccessKeyId": "ASIAEXAMPLEEXAMPLE",
                    "SecretAccessKey": "a-secret",
                    "SessionToken": "a-session",
                    "Expiration": expires,
                }
            },
            {
                "RoleArn": f"arn:aws:iam::000000000042:role/lab-publish-{identity}",
                "RoleSessionName": "77-4242",
                "Policy": policy,
                "DurationSeconds": 3600,
            },
        )

    def signs(self, app: str) -> None:
        """KMS signs for an app."""
        self.kms.add_response(
            "sign",
            {"Signature": b"signed"},
            {
                "KeyId": f"alias/lab-app-{app}",
                "Message": ANY,
                "MessageType": "RAW",
                "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
            },
        )

    def check(self) -> None:
        """Fail if the broker did not ask for all that the test expected."""
        self.sts.assert_no_pending_responses()
        self.ssm.assert_no_pending_responses()
        self.kms.assert_no_pending_responses()


class Api(ThreadingHTTPServer):
    """A server that answers from a list and keeps what it was asked.

    Attributes:
        answers: Status, headers and document of each answer; the last one is repeated. Bytes are sent as they are.
        asked: Method, path, headers and document of each request.
    """

    def __init__(self, *answers: tuple[int, dict[str, str], object]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers, self.asked = list(answers), list[tuple[str, str, dict[str, str], Any]]()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Api  # pyrefly: ignore[bad-override-mutable-attribute]  # which makes the handlers

    def _say(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(data) if data.startswith(b"{") else data.decode()
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        answers = self.server.answers
        status, headers, document = answers.pop(0) if len(answers) > 1 else answers[0]
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _say

    def log_message(self, *_: object, **__: object) -> None:
        """Say nothing."""


@contextmanager
def serve(*answers: tuple[int, dict[str, str], object]) -> Generator[Api]:
    """Serve GitHub's answers on a free port, and stop in the end."""
    with Api(*answers) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(services: Services, event: object, configuration: Mapping[str, Any] = CONFIGURATION) -> dict[str, Any]:
    """Return the broker's answer."""
    return handler.answer(event, configuration, services.tools)


def refused(services: Services, event: object, configuration: Mapping[str, Any] = CONFIGURATION) -> str:
    """Return the code of a refusal, which must be known, explained, and all that there is."""
    answer = ask(services, event, configuration)
    assert set(answer) == {"error"}, answer
    code, message = answer["error"]["code"], answer["error"]["message"]
    assert code in CODES
    assert message.endswith(".")
    assert "a-secret" not in message
    return str(code)
