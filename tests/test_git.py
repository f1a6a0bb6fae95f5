"""How git signs in: by a token that the remote is given, and that stands nowhere but in one process's environment."""

from __future__ import annotations

import base64
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from fake_github import loopback
from rnd import git, process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Remote(loopback.Handler):
    """A remote that wants to know who asks, and then has nothing."""

    asked: list[str | None]

    def do_GET(self) -> None:
        """Note the credentials."""
        self.asked.append(self.headers["Authorization"])
        self.say(404 if self.headers["Authorization"] else 401, {"WWW-Authenticate": 'Basic realm="here"'}, b"")


@pytest.fixture
def remote() -> Iterator[tuple[str, list[str | None]]]:
    """The address of a remote, and the credentials that it was asked with."""
    asked: list[str | None] = []
    handler = type("Handler", (Remote,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, loopback.listening(server):
        yield f"http://127.0.0.1:{server.server_port}/owner/name", asked


def test_the_remote_is_given_the_token(
    remote: tuple[str, list[str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = remote
    commands: list[str] = []
    monkeypatch.setattr(process, "trace", commands.append)
    git.signed_in(tmp_path, "secret", address.removesuffix("/owner/name"), "ls-remote", address)
    assert asked[0] is None, "nobody is given it unasked"
    scheme, value = str(asked[1]).split()
    assert (scheme, base64.b64decode(value)) == ("Basic", b"x-access-token:secret")
    assert "secret" not in "".join(commands)


def test_without_a_token_git_is_left_to_itself_and_never_asks(
    remote: tuple[str, list[str | None]], tmp_path: Path
) -> None:
    address, asked = remote
    ended = git.signed_in(tmp_path, None, address, "ls-remote", address)
    assert set(asked) == {None}
    assert "terminal prompts disabled" in ended.stderr


@pytest.mark.parametrize("server", ["https://github.com", "https://127.0.0.1", "http://127.0.0.1:1"])
@pytest.mark.parametrize("user", ["", "x-access-token@"])
def test_another_server_is_not_given_the_token(
    remote: tuple[str, list[str | None]], tmp_path: Path, server: str, user: str
) -> None:
    address, asked = remote
    ended = git.signed_in(tmp_path, "secret", server, "ls-remote", address.replace("//", f"//{user}"))
    assert ended.returncode != 0
    assert not any(b"secret" in base64.b64decode(said.split()[1]) for said in asked if said)


def test_a_rewritten_address_is_not_given_the_token(remote: tuple[str, list[str | None]], tmp_path: Path) -> None:
    address, asked = remote
    git.run(tmp_path, "init", "--quiet")
    git.run(tmp_path, "config", f"url.{address}.insteadOf", "https://github.com/acme/demo")
    git.signed_in(tmp_path, "secret", "https://github.com", "ls-remote", "https://github.com/acme/demo")
    assert set(asked) == {None}
