"""A private conda channel: HTTP on the loopback interface, for those alone who bring its password.

Its host is `localhost`, while everything else of a rehearsal is at 127.0.0.1: a `.netrc` tells hosts apart, not ports.
"""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from fake_github import loopback
from rnd_rehearsal.traffic import ignore

if TYPE_CHECKING:
    import io
    from collections.abc import Generator
    from pathlib import Path
    from typing import BinaryIO

    from rnd_rehearsal.traffic import Count

HOST = "localhost"
USER = "ada"


@dataclass
class ChannelServer:
    """A running channel.

    Attributes:
        port: Where it listens.
        password: What opens it.
        altered: What a request for a path that holds the key is answered with, in place of the file.
        transferred: Called with the bytes of each request's body, which has none, and of its answer's.
    """

    port: int
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    altered: dict[str, bytes] = field(default_factory=dict)
    transferred: Count = ignore

    @property
    def url(self) -> str:
        """The address."""
        return f"http://{HOST}:{self.port}"

    @property
    def netrc(self) -> str:
        """The line of a `.netrc` that opens it."""
        return f"machine {HOST} login {USER} password {self.password}\n"


class Handler(loopback.Handler, SimpleHTTPRequestHandler):
    """Serves a folder."""

    server_state: ChannelServer

    def do_GET(self) -> None:
        """Answer with a file."""
        expected = "Basic " + base64.b64encode(f"{USER}:{self.server_state.password}".encode()).decode()
        if self.headers["Authorization"] != expected:
            self.send_error(401)
            return
        altered = next((text for part, text in self.server_state.altered.items() if part in self.path), None)
        if altered is None:
            super().do_GET()
            return
        self.say(200, {}, altered)

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Send the headers of a file, and count its content."""
        file = super().send_head()
        if file is not None and self.command != "HEAD":
            self.transferred(0, file.seek(0, os.SEEK_END))
            file.seek(0)
        return file

    def transferred(self, received: int, sent: int) -> None:
        """Count the bytes of a request and of its answer."""
        self.server_state.transferred(received, sent)


@contextmanager
def serve(folder: Path) -> Generator[ChannelServer]:
    """Serve a channel, and stop at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = ChannelServer(server.server_port)
        handler = type("StatefulHandler", (Handler,), {"server_state": state})
        server.RequestHandlerClass = partial(handler, directory=str(folder))
        with loopback.listening(server):
            yield state
