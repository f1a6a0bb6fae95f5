"""Serves an account's STS, SSM, KMS and Lambda on one free port of the loopback interface."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fake_github.loopback import Handler, listening
from rnd_rehearsal.cloud.functions import Lambda
from rnd_rehearsal.cloud.kms import Kms
from rnd_rehearsal.cloud.parameters import Parameters
from rnd_rehearsal.cloud.sts import Sts
from rnd_rehearsal.traffic import ignore

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account
    from rnd_rehearsal.cloud.web_identity import IdentityProvider
    from rnd_rehearsal.traffic import Count

LARGEST = 6 << 20  # bytes of a request: the limit of Lambda for an event
SCOPE = re.compile(r"/(\w+)/aws4_request")
FORM = "application/x-www-form-urlencoded"


@dataclass
class Cloud:
    """The services of an account.

    Attributes:
        port: Where they listen.
        transferred: Called with the bytes of each request's body and of its answer's.
    """

    account: Account
    sts: Sts
    kms: Kms
    functions: Lambda
    parameters: Parameters
    port: int = 0
    transferred: Count = ignore

    @property
    def variables(self) -> dict[str, str]:
        """The variables that lead AWS's clients here."""
        return {f"AWS_ENDPOINT_URL_{name}": f"http://127.0.0.1:{self.port}" for name in ("STS", "SSM", "KMS", "LAMBDA")}

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request, whose signature or content says which service it is for."""
        given = {name.lower(): value for name, value in headers.items()}
        signed = SCOPE.search(given.get("authorization", ""))
        service = signed[1] if signed else "sts"
        if service == "sts" and given.get("content-type", "").startswith(FORM):
            return self.sts.answer(
                method, target, headers, body, dict(parse_qsl(body.decode(), keep_blank_values=True))
            )
        if service == "ssm":
            return self.parameters.answer(method, target, headers, body)
        if service == "kms":
            return self.kms.answer(method, target, headers, body)
        if service == "lambda" or target.startswith("/2015-03-31/functions/"):
            return self.functions.answer(method, target, headers, body)
        return 404, {"Content-Type": "text/plain"}, b"There is no such service.\n"


class _Front(Handler):
    cloud: Cloud
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > LARGEST:
            self.close_connection = True
            self.say(413, {}, b"")
            return
        body = self.rfile.read(int(length))
        self.say(*self.cloud.answer(self.command, self.path, dict(self.headers), body))

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def transferred(self, received: int, sent: int) -> None:
        """Count the bytes."""
        self.cloud.transferred(received, sent)


@contextmanager
def serve(account: Account, provider: IdentityProvider) -> Generator[Cloud]:
    """Serve an account until the context ends."""
    cloud = Cloud(account, Sts(account, provider), Kms(account), Lambda(account), Parameters(account))
    with ThreadingHTTPServer(("127.0.0.1", 0), _Front) as front:
        front.RequestHandlerClass = type("Handler", (_Front,), {"cloud": cloud})
        front.daemon_threads = True
        cloud.port = front.server_port
        try:
            with listening(front):
                yield cloud
        finally:
            for function in cloud.functions.functions.values():
                function.close()
