"""One layer of HTTP: redirects, waits, sizes and what is transient, on a server of the test's own."""

from __future__ import annotations

from http.client import HTTPMessage
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from fake_github import loopback
from rnd.errors import RndError
from rnd.http_client import HttpFailure, TooLarge, basic, is_transient, open_url, send, wait_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_github.loopback import Answer

SECRET = basic("ada", "word")


class Refused(RndError):
    """Another attempt would not help."""

    code, hint = "refused", ""


class Unavailable(RndError):
    """Another attempt may help."""

    code, hint = "unavailable", ""


class Server:
    """A server that answers by path, and keeps the credentials of each request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {}
        self.shown: list[tuple[str, str | None]] = []


@pytest.fixture
def start() -> Iterator[Callable[[], Server]]:
    """Start servers, which stop at the end of the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def serve() -> Server:
            class Handler(loopback.Handler):
                def do_GET(self) -> None:
                    server.shown.append((self.path, self.headers["Authorization"]))
                    self.say(*server.answers.get(self.path, (200, {}, b"content")))

                do_HEAD = do_GET

            listener = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            stack.enter_context(loopback.listening(listener))
            server = Server(f"http://127.0.0.1:{listener.server_port}")
            return server

        yield serve


def test_credentials_follow_a_redirect_on_the_same_host_only(start: Callable[[], Server]) -> None:
    """PyPI's mirrors redirect /simple/demo to /simple/demo/; without credentials, the second request would be a 401."""
    here, there = start(), start()
    here.answers["/demo"] = 302, {"Location": "/demo/"}, b""
    here.answers["/demo/"] = 307, {"Location": f"{there.url}/file"}, b""
    there.answers["/file"] = 302, {"Location": f"{here.url}/back"}, b""
    assert send("GET", f"{here.url}/demo", authorization=SECRET).body == b"content"
    assert here.shown == [("/demo", SECRET), ("/demo/", SECRET), ("/back", None)]
    assert there.shown == [("/file", None)]


def test_no_redirect_where_none_is_expected(start: Callable[[], Server]) -> None:
    here, there = start(), start()
    here.answers["/"] = 302, {"Location": there.url}, b""
    with pytest.raises(HttpFailure) as caught:
        send("GET", f"{here.url}/", authorization=SECRET, redirects=False)
    assert (caught.value.status, caught.value.transient, there.shown) == (302, False, [])


def test_only_the_web_is_read(start: Callable[[], Server]) -> None:
    here = start()
    here.answers["/"] = 302, {"Location": "file:///etc/hostname"}, b""
    for url in ("file:///etc/hostname", f"{here.url}/"):
        with pytest.raises(HttpFailure):
            send("GET", url)


def test_a_body_has_a_limit(start: Callable[[], Server]) -> None:
    here = start()
    assert send("GET", f"{here.url}/", limit=7).body == b"content"
    with pytest.raises(TooLarge) as caught:
        send("GET", f"{here.url}/", limit=6)
    assert not caught.value.transient


def test_half_a_body_is_not_a_body(start: Callable[[], Server]) -> None:
    here = start()
    here.answers["/"] = 200, {"Content-Length": "100"}, b"content"
    with pytest.raises(HttpFailure) as caught:
        send("GET", f"{here.url}/")
    assert caught.value.transient
    assert send("HEAD", f"{here.url}/").body == b""


@pytest.mark.parametrize(
    ("status", "transient"),
    [
        *((status, False) for status in (400, 401, 403, 404, 409)),
        *((status, True) for status in (408, 423, 425, 429, 500, 501, 503)),
    ],
)
def test_statuses_that_may_pass(start: Callable[[], Server], status: int, transient: bool) -> None:
    here = start()
    here.answers["/"] = status, {"Retry-After": "7"}, b"no"
    with pytest.raises(HttpFailure) as caught, open_url("GET", f"{here.url}/"):
        pass
    error = caught.value.convert("It failed.", Refused, Unavailable)
    assert (is_transient(status), type(error)) == (transient, Unavailable if transient else Refused)
    assert (error.wait, caught.value.body) == (7, b"no")


def test_nothing_listens() -> None:
    with pytest.raises(HttpFailure, match="refused") as caught:
        send("GET", "http://127.0.0.1:1/")
    assert (caught.value.status, caught.value.transient) == (None, True)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (None, 0, 0),
        ("", 0, 0),
        ("120", 120, 120),
        ("-1", 0, 0),
        ("soon", 0, 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0),
        ("Thu, 31 Dec 2099 23:59:59 GMT", 1e9, 1e10),
    ],
)
def test_how_long_a_server_asks_to_wait(value: str | None, least: float, most: float) -> None:
    headers = HTTPMessage()
    if value is not None:
        headers["Retry-After"] = value
    assert least <= wait_of(headers) <= most


def test_requests_share_what_reads_the_environment_until_it_changes(
    start: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = start(), start()
    for _ in range(2):
        assert send("GET", f"{server.url}/a").status == 200
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert send("GET", f"{server.url}/b").status == 200
    monkeypatch.delenv("http_proxy")
    assert send("GET", f"{server.url}/c").status == 200
    assert [path for path, _ in server.shown] == ["/a", "/a", "/c"]
    assert [path for path, _ in proxy.shown] == [f"{server.url}/b"]
