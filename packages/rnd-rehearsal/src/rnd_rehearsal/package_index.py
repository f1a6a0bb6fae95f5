"""A package index: pypiserver itself, behind a front that can fail, and that leads to it as CodeArtifact does.

The front listens on a free port of the loopback interface only. pypiserver runs in the same process, without a port.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import quote

from fake_github.loopback import Handler, call_application, listening
from rnd.organisation import load_organisation
from rnd_rehearsal.cloud.uploads import uploaded
from rnd_rehearsal.codeartifact import CodeArtifact
from rnd_rehearsal.pypiserver_here import pypiserver
from rnd_rehearsal.traffic import ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from wsgiref.types import WSGIApplication

    from fake_github.loopback import Answer
    from rnd.organisation import Organisation
    from rnd_rehearsal.cloud.account import Account
    from rnd_rehearsal.traffic import Count

USER = "aws"


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one request.

    Attributes:
        status: The status of the response, or None if the connection is cut.
        headers: The headers of the response.
        body: The same; by default, what it sent for credentials.
        late: Whether the index has acted on the request before.
        inject: Called at that moment.
        mild: Whether nothing else goes wrong: the index acts and answers after that.
        over: Set when the request has been dealt with.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    late: bool = False
    inject: Callable[[], object] = lambda: None
    mild: bool = False
    over: Event = field(default_factory=Event)


CUT = Fault()
CUT_LATE = Fault(late=True)


@dataclass
class PackageIndex:
    """A running index.

    Attributes:
        folder: What pypiserver holds.
        port: Where the front listens.
        organisation: Whose account and repository it represents; those of org.yml by default.
        account: Decides about each call; where there is none, everybody with the token may do everything.
        beside: The index whose CodeArtifact domain this one is a further repository of, the development repository.
        uploads: What goes wrong with each upload, in turn; None for nothing.
        reads: The same, for each request that reads.
        requests: What the front was asked for, in turn.
        accepted: How many uploads the index has taken.
        authorizations: The credentials that each request brought.
        arguments: The command lines of all processes of the machine, while requests were under way.
        readers: Further passwords, which can read and not upload.
        transferred: Called with the bytes of each request's body and of its answer's.
    """

    folder: Path
    port: int
    organisation: Organisation | None = None
    account: Account | None = None
    beside: PackageIndex | None = None
    uploads: Iterator[Fault | None] = field(default_factory=lambda: iter(()))
    reads: Iterator[Fault | None] = field(default_factory=lambda: iter(()))
    requests: list[str] = field(default_factory=list)
    accepted: int = 0
    authorizations: list[str | None] = field(default_factory=list)
    arguments: set[bytes] = field(default_factory=set)
    readers: set[str] = field(default_factory=set, repr=False)
    transferred: Count = ignore

    def __post_init__(self) -> None:
        """Stand in front of it as CodeArtifact does."""
        organisation = self.organisation or load_organisation()
        aws, where = organisation.require_aws(), organisation.require_codeartifact()
        self.repository = where.repository
        if self.beside is None:
            names = aws.account, where.domain, where.repository
            self.codeartifact = CodeArtifact(self.url, *names, account=self.account)
            return
        self.codeartifact, self.repository = self.beside.codeartifact, where.development_repository
        self.codeartifact.more[self.repository] = self.url

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def token(self) -> str:
        """What opens it, as a password."""
        return self.codeartifact.token

    @property
    def secrets(self) -> tuple[bytes, bytes]:
        """The token, and the form in which HTTP sends it."""
        return self.token.encode(), base64.b64encode(f"{USER}:{self.token}".encode())

    @property
    def index_url(self) -> str:
        """The address by which a package is installed, as a person would write it."""
        return f"http://{USER}:{quote(self.token)}@127.0.0.1:{self.port}/simple/"

    def content(self) -> dict[str, str]:
        """Return what is there, each file with its SHA-256."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.folder.iterdir()}

    def count(self, method: str) -> int:
        """Return how many requests of a method there were."""
        return sum(1 for request in self.requests if request.startswith(method))


class Front(Handler):
    """Answers as CodeArtifact, passes everything else on to pypiserver, and fails where a fault says so."""

    index: PackageIndex
    behind: WSGIApplication

    def do_GET(self) -> None:
        """Answer what reads."""
        self._serve(self.index.reads)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Answer an upload."""
        self._serve(self.index.uploads)

    def transferred(self, received: int, sent: int) -> None:
        """Count the bytes."""
        self.index.transferred(received, sent)

    def _serve(self, faults: Iterator[Fault | None]) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.index.arguments |= command_lines()
        if self.path.startswith("/v1/"):
            status, headers, content = self.index.codeartifact.answer(self.command, self.path, self.headers)
            self.say(status, headers, content)
            return
        self.index.requests.append(f"{self.command} {self.path}")
        self.index.authorizations.append(self.headers["Authorization"])
        fault = next(faults, None)
        if fault is None:
            self.say(*self._pass_on(body))
            return
        try:
            self._fail(fault, body)
        finally:
            fault.over.set()

    def _fail(self, fault: Fault, body: bytes) -> None:
        if fault.late:
            self._pass_on(body)
        fault.inject()
        if fault.mild:
            self.say(*self._pass_on(body))
        elif fault.status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            # Some servers repeat to a client what it has sent.
            answer = f"refused: {self.headers['Authorization']}".encode() if fault.body is None else fault.body
            self.say(fault.status, fault.headers, answer)

    def _pass_on(self, body: bytes) -> Answer:
        answer = self._refuse(body) or call_application(self.behind, self.command, self.path, dict(self.headers), body)
        self.index.accepted += self.command == "POST" and answer[0] == HTTPStatus.OK
        return answer

    def _refuse(self, body: bytes) -> Answer | None:
        """Return 401 without credentials, 403 with those that may not do it, and None with those that may."""
        scheme, _, given = (self.headers["Authorization"] or "").partition(" ")
        if scheme.lower() != "basic":
            return HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="pypi"'}, b""
        if hmac.compare_digest(given.encode(), self.index.secrets[1]):
            return None
        try:
            user, _, token = base64.b64decode(given, validate=True).decode().partition(":")
            if user == USER and self.command != "POST" and token in self.index.readers:
                return None
            if user != USER or self.index.account is None or token not in self.index.account.bearers:
                return HTTPStatus.FORBIDDEN, {}, b""
            package = uploaded(self.headers, body) if self.command == "POST" else None
        except ValueError as error:
            return HTTPStatus.BAD_REQUEST, {}, str(error).encode()
        reason = self.index.codeartifact.admits(token, self.index.repository, package)
        return None if reason is None else (HTTPStatus.FORBIDDEN, {}, reason.encode())


def command_lines() -> set[bytes]:
    """Return the command line of every process."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(path.read_bytes())
        except OSError:  # it has ended
            continue
    return found


@contextmanager
def serve(
    place: Path,
    *options: str,
    organisation: Organisation | None = None,
    account: Account | None = None,
    beside: PackageIndex | None = None,
) -> Generator[PackageIndex]:
    """Start an index, and stop it at the end.

    Args:
        place: A folder for what it holds.
        options: Further options of pypiserver.
        organisation: Whose account and repository it represents; those of org.yml by default.
        account: Decides about each call; where there is none, everybody with the token may do everything.
        beside: The index whose development repository this one is.
    """
    folder = place / "packages"
    folder.mkdir(parents=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as front:
        index = PackageIndex(folder, front.server_port, organisation, account, beside)
        handler = type("Handler", (Front,), {"index": index, "behind": staticmethod(pypiserver(folder, *options))})
        front.RequestHandlerClass = handler
        with listening(front):
            yield index
