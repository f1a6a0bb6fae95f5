"""Servers in threads of this process, on the loopback interface only."""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from threading import Thread
from typing import TYPE_CHECKING, cast

from werkzeug.datastructures import Headers
from werkzeug.serving import WSGIRequestHandler
from werkzeug.test import EnvironBuilder, run_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from socketserver import TCPServer
    from wsgiref.types import WSGIApplication

# Status, headers and body.
Answer = tuple[int, dict[str, str], bytes]
# What each server sets itself; see RFC 9110, "Message Forwarding".
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@contextmanager
def listening(server: TCPServer) -> Generator[None]:
    """Run a server until the context ends; the caller closes it.

    It waits for connections without a time limit, so that many idle servers cost nothing: a connection ends the wait.
    """
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": None})
    serving.start()
    try:
        yield
    finally:
        address = cast("tuple[str, int]", server.server_address[:2])
        stopping = Thread(target=server.shutdown)
        stopping.start()
        while stopping.is_alive():
            with suppress(OSError):
                socket.create_connection(address, timeout=1).close()
            stopping.join(0.02)
        serving.join()


def tls_context() -> tuple[ssl.SSLContext, bytes]:
    """Return what a server needs to speak https, and the certificate of the authority behind it, in PEM."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context, authority.cert_pem.bytes()


class Silent(WSGIRequestHandler):
    """A handler of WSGI requests that logs nothing."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Log nothing."""


class Handler(BaseHTTPRequestHandler):
    """Sends responses and logs nothing."""

    def say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Count an answer, then send it; its length is added where it is not among the headers."""
        received = self.headers.get("Content-Length") or ""
        self.transferred(int(received) if received.isdigit() else 0, 0 if self.command == "HEAD" else len(body))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def transferred(self, received: int, sent: int) -> None:
        """Count the bytes of a request's body and of its answer's; does nothing unless a server overrides it."""

    def log_message(self, *_: object, **__: object) -> None:
        """Log nothing."""


def pass_on(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Let the server behind, which listens on a port of this machine, answer a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, body, _end_to_end(headers.items()))
    response = connection.getresponse()
    answer = response.status, _answered(method, response.getheaders()), response.read()
    connection.close()
    return answer


def call_application(
    application: WSGIApplication, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """Let a WSGI application answer a request in this process, as `pass_on` lets a server."""
    kept = Headers(_end_to_end(headers.items()))
    environ = EnvironBuilder(path, method=method, headers=kept, input_stream=BytesIO(body)).get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))
    content, status, given = run_wsgi_app(application, environ, buffered=True)
    return int(status.split()[0]), _answered(method, given.items()), b"".join(content)


def _end_to_end(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}


def _answered(method: str, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers of an answer; the length that one to HEAD names is not that of its body, which is empty."""
    given = list(headers)
    length = next((value for name, value in given if name.lower() == "content-length"), "0")
    return _end_to_end(given) | ({"Content-Length": length} if method == "HEAD" else {})
