"""A second address of a fake GitHub, over https: `gh` speaks nothing else to a host that is not github.com."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server

from fake_github.loopback import Silent, listening, tls_context

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from wsgiref.types import StartResponse

    from fake_github.server import FakeGitHub

TEXTS = ("application/json", "text/")  # what names the addresses of the server; git's own answers do not


@dataclass(frozen=True)
class SecureAddress:
    """Where a fake GitHub is served over https.

    Attributes:
        host: With the port, as `GH_HOST` has it.
        certificate: The authority's, in PEM, as `SSL_CERT_FILE` names it.
    """

    host: str
    certificate: bytes


@contextmanager
def serve(hub: FakeGitHub) -> Generator[SecureAddress]:
    """Serve a fake GitHub at a second address, whose answers name that address; stop it at the end."""
    context, certificate = tls_context()
    front = _Front(hub)
    with (
        make_server("127.0.0.1", 0, front, threaded=True, request_handler=Silent, ssl_context=context) as server,
        listening(server),
    ):
        front.host = f"127.0.0.1:{server.server_port}"
        yield SecureAddress(front.host, certificate)


class _Front:
    """Passes requests on to a fake GitHub, and puts its own address in the place of the other one in answers."""

    def __init__(self, hub: FakeGitHub) -> None:
        self._hub = hub
        self.host = ""

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_HOST") == self.host:  # another name is refused, as by the hub
            environ["HTTP_HOST"] = self._hub.host
        replaced = {"text": False}

        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:  # noqa: ANN401 - WSGI's
            kind = next((value for name, value in headers if name.lower() == "content-type"), "")
            replaced["text"] = kind.startswith(TEXTS)
            shown = [
                (name, self._own(value)) for name, value in headers if not replaced["text"] or name != "Content-Length"
            ]
            return start_response(status, shown, error)

        body = self._hub(environ, start)
        if not replaced["text"]:
            return body
        return [self._own(b"".join(body).decode()).encode()]

    def _own(self, text: str) -> str:
        return text.replace(self._hub.url, f"https://{self.host}")
