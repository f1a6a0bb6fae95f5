"""ECR on one machine: ministack, a real registry, behind a front that adds what ECR has and ministack has not.

The front gives out a token and demands it, checks requests against AWS's own description of ECR (the service model that
boto3 and the AWS CLI work by), and keeps tags immutable but for those that a repository lets move. Both listen on free
ports of the loopback interface alone.
"""

from __future__ import annotations

import base64
import fnmatch
import hmac
import json
import secrets
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fake_github.loopback import Handler, listening, pass_on
from rnd import process
from rnd.errors import ExtraMissing
from rnd_rehearsal.cloud import registry_access, signing
from rnd_rehearsal.cloud.account import Denied
from rnd_rehearsal.registry_blobs import Blobs
from rnd_rehearsal.traffic import ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from botocore.model import ServiceModel

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account
    from rnd_rehearsal.traffic import Count

# What ministack listens with beyond the loopback interface is off, and so is all that nobody here asks for.
SETTINGS = {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SERVICES": "ecr,sts", "LOG_LEVEL": "WARNING"}
TARGET = "AmazonEC2ContainerRegistry_V20150921."


class Cut(Exception):
    """The connection ends without an answer."""


def just_act(_: str, act: Callable[[], Answer]) -> Answer:
    """Answer a request and do nothing around it."""
    return act()


@dataclass
class ImageRegistry:
    """The registry, as who started it sees it.

    Attributes:
        port: Where it listens.
        behind: Where ministack listens.
        account: The AWS account whose registry it is.
        token: What the operator of this registry signs in with.
        cloud: Decides about each call; where there is none, everybody with a token may do everything.
        violations: What in requests was not as AWS describes it.
        movable: The patterns of the tags that may move, by repository.
        around: Called around each request with its name and what acts on it; may do more, or something else, or
            raise `Cut`. The name is that of AWS's operation, or method and path, as in `GET /v2/`.
        transferred: Called with the bytes of each request's body and of its answer's.
        blobs: The blobs of each repository.
    """

    port: int
    behind: int
    account: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(40))
    cloud: Account | None = None
    violations: list[str] = field(default_factory=list)
    movable: dict[str, list[str]] = field(default_factory=dict)
    around: Callable[[str, Callable[[], Answer]], Answer] = just_act
    transferred: Count = ignore
    blobs: Blobs = field(default_factory=Blobs)

    @property
    def host(self) -> str:
        """What the names of images begin with."""
        return f"127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What leads AWS's clients here."""
        services = ("ECR", "STS") if self.cloud is None else ("ECR",)
        return {f"AWS_ENDPOINT_URL_{service}": f"http://{self.host}" for service in services}

    @property
    def basic(self) -> str:
        """The form in which HTTP sends the token."""
        return base64.b64encode(f"AWS:{self.token}".encode()).decode()

    @cached_property
    def model(self) -> ServiceModel:
        """AWS's description of ECR."""
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        return ServiceModel(Loader().load_service_model("ecr", "service-2"))

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request as ECR would."""
        if path.startswith("/v2/"):
            return self._answer_client(method, path, headers, body)
        operation = headers.get("X-Amz-Target", "").removeprefix(TARGET)
        if not operation and self.cloud is not None:
            return _say(403, {"__type": "AccessDeniedException", "message": "there is no such operation"})
        if operation and "/ecr/aws4_request" not in headers.get("Authorization", ""):
            return _say(400, {"__type": "MissingAuthenticationTokenException", "message": "not signed"})
        return self._answer_aws(operation, headers, body) if operation else self.pass_on(method, path, headers, body)

    def _admit(self, token: str, method: str, path: str) -> Answer | None:
        """Return the refusal of a client's request; None if the session of its token may do it."""
        if self.cloud is None or hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        needed = registry_access.of_client(method, path)
        try:
            for action, name in [("ecr:unknown", "*")] if needed is None else needed:
                self.cloud.check(self.cloud.bearers[token], action, self.cloud.arn("ecr", f"repository/{name}"))
        except Denied as denied:
            return _say(403, {"errors": [{"code": "DENIED", "message": denied.message}]})
        return None

    def _answer_client(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        token = self._token(headers)
        if token is None:
            challenge = {"WWW-Authenticate": f'Basic realm="http://{self.host}/",service="ecr.amazonaws.com"'}
            error = {"code": "UNAUTHORIZED", "message": "Not Authorized"}
            return _say(401, {"errors": [error]}, challenge)
        if refusal := self._admit(token, method, path):
            return refusal
        name, manifests, tag = path.removeprefix("/v2/").partition("/manifests/")
        if (
            method == "PUT"
            and manifests
            and not any(fnmatch.fnmatch(tag, one) for one in self.movable.get(name, ["*"]))
        ):
            there = self.pass_on("GET", path, headers, b"")
            if there[0] == 200 and there[2] != body:
                message = f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten."
                return _say(400, {"errors": [{"code": "TAG_INVALID", "message": message}]})
        if self.blobs.hides(path):
            return _say(404, {"errors": [{"code": "BLOB_UNKNOWN", "message": "blob unknown to registry"}]})
        answer = self.pass_on(method, self.blobs.without_foreign_mount(path), headers, body)
        self.blobs.note(path, answer[0])
        return answer

    def _token(self, headers: Mapping[str, str]) -> str | None:
        """Return the token of a request; None if it shows none that is known."""
        scheme, _, shown = headers.get("Authorization", "").partition(" ")
        try:
            user, _, token = base64.b64decode(shown, validate=True).decode().partition(":")
        except ValueError:
            return None
        known = token == self.token or (self.cloud is not None and token in self.cloud.bearers)
        return token if scheme == "Basic" and user == "AWS" and known else None

    def _answer_aws(self, operation: str, headers: Mapping[str, str], body: bytes) -> Answer:
        from botocore.validate import ParamValidator

        shape: Any = self.model.operation_model(operation).input_shape
        asked: dict[str, Any] = json.loads(body)
        report = ParamValidator().validate(asked, shape)
        unknown = [name for name in asked if name not in shape.members]
        if report.has_errors() or unknown:
            self.violations.append(f"{operation}: {report.generate_report()} {unknown}")
            return _say(400, {"__type": "InvalidParameterException", "message": self.violations[-1]})
        try:
            basic = self._authorise(operation, asked, headers, body)
        except Denied as denied:
            return _say(400, {"__type": denied.code, "message": denied.message})
        if operation == "GetAuthorizationToken":
            given = {"authorizationToken": basic, "proxyEndpoint": f"http://{self.host}"}
            return _say(200, {"authorizationData": [given]})
        answer = self.pass_on("POST", "/", headers, body)
        if operation == "CreateRepository" and answer[0] == 200 and "IMMUTABLE" in asked.get("imageTagMutability", ""):
            filters = asked.get("imageTagMutabilityExclusionFilters", [])
            self.movable[asked["repositoryName"]] = [one["filter"] for one in filters]
        if operation == "DeleteRepository" and answer[0] == 200:
            self.blobs.forget(asked["repositoryName"])
        return self._with_filters(answer) if operation == "DescribeRepositories" and answer[0] == 200 else answer

    def _authorise(self, operation: str, asked: dict[str, Any], headers: Mapping[str, str], body: bytes) -> str:
        """Check a signed call, and return the token of its signer, as HTTP sends it.

        Raises:
            Denied: Nobody known signed it, or IAM refuses it.
        """
        if self.cloud is None:
            return self.basic
        session = signing.verify(self.cloud, "ecr", "POST", "/", headers, body)
        for action, name in registry_access.of_operation(operation, asked):
            resource = name if name == "*" else self.cloud.arn("ecr", f"repository/{name}")
            self.cloud.check(session, action, resource)
        token = self.cloud.bearer(session) if operation == "GetAuthorizationToken" else ""
        return base64.b64encode(f"AWS:{token}".encode()).decode()

    def _with_filters(self, answer: Answer) -> Answer:
        """Add which tags may move: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html."""
        document = json.loads(answer[2])
        for one in document["repositories"]:
            if filters := self.movable.get(one["repositoryName"]):
                one["imageTagMutabilityExclusionFilters"] = [
                    {"filterType": "WILDCARD", "filter": pattern} for pattern in filters
                ]
        return _say(200, document)

    def pass_on(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Let ministack answer."""
        return pass_on(self.behind, method, path, headers, body)


def _say(status: int, document: object, headers: dict[str, str] | None = None) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"} | (headers or {}), json.dumps(document).encode()


class _Front(Handler):
    registry: ImageRegistry
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body, headers = b"".join(self._body()), dict(self.headers)
        name = headers.get("X-Amz-Target", "").removeprefix(TARGET) or f"{self.command} {self.path}"
        try:
            answer = self.registry.around(name, lambda: self.registry.answer(self.command, self.path, headers, body))
        except Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.registry.transferred(len(body), 0 if self.command == "HEAD" else len(answer[2]))
        self.say(*answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


@contextmanager
def image_registry(account: str, cloud: Account | None = None) -> Generator[ImageRegistry]:
    """Run a registry as ECR has one.

    Args:
        account: The number of the AWS account whose it is.
        cloud: Decides about each call; where there is none, everybody with a token may do everything.

    Raises:
        ExtraMissing: ministack is not installed.
        CommandFailed: It does not start.
    """
    if find_spec("ministack") is None:
        raise ExtraMissing.of("rehearsal", "ministack")
    with TemporaryDirectory(prefix="rnd-registry-") as folder, ThreadingHTTPServer(("127.0.0.1", 0), _Front) as front:
        registry = ImageRegistry(front.server_port, _free_port(), account, cloud=cloud)
        front.RequestHandlerClass = type("Handler", (_Front,), {"registry": registry})
        front.daemon_threads = True
        settings = SETTINGS | {"GATEWAY_PORT": str(registry.behind), "MINISTACK_ACCOUNT_ID": account, "HOME": folder}
        with (
            process.serving(
                sys.executable,
                "-m",
                "ministack",
                log=Path(folder, "log"),
                ready=lambda: _listens(registry.behind),
                extra=settings,
            ),
            listening(front),
        ):
            yield registry


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
