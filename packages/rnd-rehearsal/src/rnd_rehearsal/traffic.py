"""Counts the bytes that jobs fetch and push, by where they come from and go to. Listens on the loopback interface.

The services of a rehearsal count the bodies of requests and responses. Everything beyond this machine goes through a
proxy, which counts each tunnel whole, with TLS. So a byte is counted by a server that has sent or received it.
"""

from __future__ import annotations

import select
import socket
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fake_github.loopback import Handler, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Count = Callable[[int, int], None]

PYPI, INDEX, CHANNEL, GIT, ACTIONS, IMAGES, BASE, OTHER = (
    "PyPI",
    "package index",
    "conda channel",
    "git",
    "actions",
    "image registry",
    "base images",
    "other",
)
SOURCES = (PYPI, INDEX, CHANNEL, GIT, ACTIONS, BASE, IMAGES, OTHER)
HOSTS = {"pypi.org": PYPI, "files.pythonhosted.org": PYPI, "github.com": GIT}
CHUNK = 1 << 16
PATIENCE = 30  # seconds, for a host to accept a connection


def ignore(received: int, sent: int) -> None:
    """Count nothing."""


@dataclass(frozen=True)
class Traffic:
    """Bytes, by source.

    Attributes:
        fetched: What a job has received.
        pushed: What it has sent.
    """

    fetched: Counter[str] = field(default_factory=Counter)
    pushed: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Traffic) -> Traffic:
        """Return the sum of both."""
        return Traffic(self.fetched + other.fetched, self.pushed + other.pushed)

    def document(self) -> dict[str, dict[str, int]]:
        """Return it as plain data."""
        return {
            way: {source: count[source] for source in SOURCES if count[source]}
            for way, count in (("fetched", self.fetched), ("pushed", self.pushed))
        }


@dataclass
class Meter:
    """Adds up bytes from all threads of the services."""

    _fetched: Counter[str] = field(default_factory=Counter)
    _pushed: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def add(self, source: str, fetched: int = 0, pushed: int = 0) -> None:
        """Count bytes."""
        with self._lock:
            self._fetched[source] += fetched
            self._pushed[source] += pushed

    def at(self, source: str) -> Count:
        """Return what a service of a source calls with the bytes that it has received and sent."""
        return lambda received, sent: self.add(source, fetched=sent, pushed=received)

    def total(self) -> Traffic:
        """Return what was counted so far."""
        with self._lock:
            return Traffic(Counter(self._fetched), Counter(self._pushed))

    def since(self, before: Traffic) -> Traffic:
        """Return what was counted after that."""
        now = self.total()
        return Traffic(now.fetched - before.fetched, now.pushed - before.pushed)


class _Proxy(Handler):
    """A forward proxy: tunnels for https, and requests that are passed on for http, as apt has them."""

    meter: Meter
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        """Open a tunnel, and count what goes through it until it ends."""
        host, _, port = self.path.rpartition(":")
        far = self._reach(host, int(port))
        if far is None:
            return
        with far:
            self.send_response(200, "Connection established")
            self.end_headers()
            self._relay(far, HOSTS.get(host, OTHER))

    def _serve(self) -> None:
        target = urlsplit(self.path)
        far = None if target.hostname is None else self._reach(target.hostname, target.port or 80)
        if far is None or target.hostname is None:
            return
        with far:
            path = target.path + (f"?{target.query}" if target.query else "")
            kept = [f"{name}: {value}" for name, value in self.headers.items() if not name.lower().startswith("proxy-")]
            kept = [line for line in kept if not line.lower().startswith("connection:")]
            head = "\r\n".join((f"{self.command} {path or '/'} HTTP/1.1", *kept, "Connection: close", "", ""))
            far.sendall(head.encode("latin-1"))
            source = HOSTS.get(target.hostname, OTHER)
            self.meter.add(source, pushed=len(head))
            self._relay(far, source)

    do_GET = do_HEAD = _serve

    def _reach(self, host: str, port: int) -> socket.socket | None:
        self.close_connection = True
        try:
            return socket.create_connection((host, port), PATIENCE)
        except OSError as error:
            with suppress(OSError):  # the client may not have waited
                self.say(502, {}, f"{host} cannot be reached: {error}\n".encode())
            return None

    def _relay(self, far: socket.socket, source: str) -> None:
        """Pass bytes on in both directions until either side ends."""
        near = self.connection
        far.settimeout(None)
        while True:
            for ready in select.select([near, far], [], [])[0]:
                with suppress(OSError):
                    if content := ready.recv(CHUNK):
                        (near if ready is far else far).sendall(content)
                        fetched = len(content) if ready is far else 0
                        self.meter.add(source, fetched=fetched, pushed=len(content) - fetched)
                        continue
                return


@contextmanager
def counting_proxy(meter: Meter) -> Generator[dict[str, str]]:
    """Serve a proxy that counts, and yield the variables that lead programs through it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Proxy,), {"meter": meter})) as server:
        server.daemon_threads = True
        server.block_on_close = False  # a client may keep a tunnel
        address = f"http://127.0.0.1:{server.server_port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY")
        with listening(server):
            yield {form: address for name in names for form in (name, name.lower())}
