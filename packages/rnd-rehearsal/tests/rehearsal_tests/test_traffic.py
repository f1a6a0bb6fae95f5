"""Bytes are counted by the servers and the proxy that transfer them."""

from __future__ import annotations

import http.client
import socket
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

import pytest

from fake_github.loopback import Handler, listening
from rnd_rehearsal import traffic
from rnd_rehearsal.traffic import OTHER, PYPI, Meter, Traffic, counting_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = b"x" * 100_000


class Page(Handler):
    """A server beyond this machine."""

    def do_GET(self) -> None:
        self.say(200, {}, PAGE)


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def proxy(meter: Meter) -> Iterator[dict[str, str]]:
    with counting_proxy(meter) as variables:
        yield variables


def test_a_request_through_the_proxy_is_counted(meter: Meter, proxy: dict[str, str]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server, listening(server):
        before = meter.total()
        opener = build_opener(ProxyHandler({"http": proxy["http_proxy"]}))
        with opener.open(f"http://127.0.0.1:{server.server_port}/") as answer:
            assert answer.read() == PAGE
    counted = meter.since(before)
    assert 0 < counted.pushed[OTHER] < 1000
    assert len(PAGE) < counted.fetched[OTHER] < len(PAGE) + 1000
    assert meter.since(meter.total()).document() == {"fetched": {}, "pushed": {}}


def test_a_tunnel_is_counted_whole_in_both_directions_and_by_its_host(
    meter: Meter, proxy: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(traffic.HOSTS, "127.0.0.1", PYPI)
    with socket.create_server(("127.0.0.1", 0)) as far:

        def answer() -> None:
            connection, _ = far.accept()
            with connection:
                connection.recv(10)
                connection.sendall(PAGE)

        thread = Thread(target=answer)
        thread.start()
        client = http.client.HTTPConnection(proxy["HTTPS_PROXY"].removeprefix("http://"))
        client.set_tunnel("127.0.0.1", far.getsockname()[1])
        client.connect()
        assert client.sock is not None
        client.sock.sendall(b"0123456789")
        got = b""
        while part := client.sock.recv(1 << 16):
            got += part
        thread.join()
        client.close()
    assert got == PAGE
    assert meter.total().document() == {"fetched": {PYPI: len(PAGE)}, "pushed": {PYPI: 10}}


def test_a_host_that_cannot_be_reached_is_an_answer(meter: Meter, proxy: dict[str, str]) -> None:
    client = http.client.HTTPConnection(proxy["HTTPS_PROXY"].removeprefix("http://"))
    client.set_tunnel("127.0.0.1", 1)
    with pytest.raises(OSError, match="502"):
        client.connect()
    client.close()
    assert meter.total().document() == {"fetched": {}, "pushed": {}}


def test_sums() -> None:
    meter = Meter()
    meter.at(PYPI)(3, 5)
    both = meter.total() + meter.total()
    assert both == Traffic(both.fetched, both.pushed)
    assert (both.fetched[PYPI], both.pushed[PYPI]) == (10, 6)
