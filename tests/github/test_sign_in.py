"""Sign-in: where a token is looked for, the device flow, the system keyring, and what a token may not do."""

from __future__ import annotations

import os
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import urlopen

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from rnd import cli
from rnd.github.client import find_addresses
from rnd.github.errors import SignInNeeded
from rnd.github.permissions import examine
from rnd.github.sign_in import SCOPES, Token, connect, find_token, need_token, renewal, sign_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.helpers.github import Hosting

CLIENT = "Iv1.rehearsal"


class Memory(KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 1  # pyrefly: ignore[bad-override]  # as backends outside keyring do

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("there is none")


@pytest.fixture
def ring() -> Iterator[Memory]:
    """A system keyring."""
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def stranger(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> Hosting:
    """A fake GitHub, and nobody who has a token for it."""
    monkeypatch.delenv("GH_TOKEN")
    hosting.hub.devices.clear()
    return hosting


@pytest.fixture
def browser(stranger: Hosting, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Somebody at a browser, who gives the answer that the returned function is told; it returns the pages opened."""
    opened: list[str] = []

    def sit_down(answer: str) -> list[str]:
        def open_page(url: str) -> bool:
            opened.append(url)
            (device,) = stranger.hub.devices.values()
            form = {"user_code": device.user_code, "login": stranger.login, "password": stranger.hub.password}
            form["answer"] = answer
            with urlopen(url, urlencode(form).encode()) as response:
                assert response.status == 200
            return True

        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.setattr(webbrowser, "open", open_page)
        return opened

    return sit_down


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"GH_TOKEN": "a", "GITHUB_TOKEN": "b"}, "GH_TOKEN"),
        ({"GH_TOKEN": " ", "GITHUB_TOKEN": "b\n"}, "GITHUB_TOKEN"),
    ],
)
def test_the_environment_comes_first(environ: dict[str, str], source: str) -> None:
    token = find_token(find_addresses({}), environ)
    assert token is not None
    assert (token.source, token.value) == (source, environ[source].strip())
    assert token.value not in repr(token).partition("source")[0]


def test_then_the_keyring_then_gh(ring: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\ntest "$*" = "auth token --hostname github.com" && echo from-gh\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    addresses = find_addresses({})
    found = find_token(addresses, {})
    assert found is not None
    assert (found.value, found.source) == ("from-gh", "gh")
    ring.set_password("rnd:github.com", "token", "from-keyring")
    found = find_token(addresses, {})
    assert found is not None
    assert (found.value, found.source) == ("from-keyring", "the system keyring")
    assert find_token(find_addresses({"GITHUB_SERVER_URL": "https://git.example.com"}), {}) is None


def test_gh_that_is_not_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gh").write_text("#!/bin/sh\necho no oauth token found >&2\nexit 1\n")
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert find_token(find_addresses({}), {}) is None


def test_in_the_browser(
    stranger: Hosting, ring: Memory, browser: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    opened = browser("allow")
    addresses = find_addresses(os.environ)
    token = need_token(addresses, os.environ, CLIENT, ask=True)
    assert opened == [f"{stranger.hub.url}/login/device"]
    said = capsys.readouterr().err
    assert said.startswith(f"To sign in, open {stranger.hub.url}/login/device and enter the code ")
    assert token.value not in said
    issued = stranger.hub.state.tokens[token.value]
    assert (issued.account.login, issued.scopes) == (stranger.login, frozenset(SCOPES))
    # It is kept in the keyring, and found there the next time.
    assert list(ring.kept.values()) == [token.value]
    assert need_token(addresses, os.environ, None, ask=False).value == token.value
    assert sign_out(addresses)
    assert not sign_out(addresses)
    assert ring.kept == {}


@pytest.mark.usefixtures("ring")
def test_on_a_machine_without_a_display(
    stranger: Hosting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address is said; whoever has a browser, somewhere, enters the code."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    asked: list[float] = []

    def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            next(iter(stranger.hub.devices.values())).login = stranger.login

    monkeypatch.setattr("rnd.github.sign_in.time.sleep", sleep)
    assert need_token(find_addresses(os.environ), os.environ, CLIENT, ask=True).value.startswith("gho_")
    assert "any browser will do, on any machine" in capsys.readouterr().err
    assert len(asked) == 3


@pytest.mark.usefixtures("ring")
def test_it_slows_down_when_it_is_told_to(
    stranger: Hosting, monkeypatch: pytest.MonkeyPatch, browser: Callable[[str], list[str]]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("rnd.github.sign_in.time.sleep", waited.append)
    monkeypatch.setattr(stranger.hub, "device_interval", 5)
    browser("allow")

    def patient(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > 1:
            for device in stranger.hub.devices.values():
                device.asked -= 60

    monkeypatch.setattr("rnd.github.sign_in.time.sleep", patient)
    assert need_token(find_addresses(os.environ), os.environ, CLIENT, ask=True).value.startswith("gho_")
    assert waited == [5.0, 10.0]


@pytest.mark.usefixtures("ring", "stranger")
def test_a_refusal_ends_it_at_once(browser: Callable[[str], list[str]]) -> None:
    browser("deny")
    with pytest.raises(SignInNeeded, match="denied in the browser"):
        need_token(find_addresses(os.environ), os.environ, CLIENT, ask=True)


@pytest.mark.usefixtures("ring")
def test_nobody_comes(stranger: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
        next(iter(stranger.hub.devices.values())).expires = 0

    monkeypatch.setattr("rnd.github.sign_in.time.sleep", sleep)
    with pytest.raises(SignInNeeded, match="Nobody entered the code in time"):
        need_token(find_addresses(os.environ), os.environ, CLIENT, ask=True)


@pytest.mark.usefixtures("stranger")
def test_without_a_keyring_the_token_lasts_for_the_run(
    browser: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    browser("allow")
    token = need_token(find_addresses(os.environ), os.environ, CLIENT, ask=True)
    assert token.source == "this sign-in"
    assert "kept for this run only" in capsys.readouterr().err


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("ask", "client_id", "words"),
    [(False, CLIENT, "no terminal"), (True, None, "github.client_id"), (True, "Iv1.unknown", "starts no sign-in")],
)
def test_it_cannot_be(ask: bool, client_id: str | None, words: str) -> None:
    with pytest.raises(SignInNeeded, match=words):
        need_token(find_addresses(os.environ), os.environ, client_id, ask=ask)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("GH_TOKEN", "Set GH_TOKEN to another token"),
        ("gh", "`gh auth login --scopes repo,workflow,read:org`"),
        ("the system keyring", "Remove that token with `rnd github sign-out`"),
    ],
)
def test_what_to_do_about_a_token_that_is_no_good(source: str, words: str) -> None:
    assert words in renewal(Token("ghp_revoked", source))


def test_a_revoked_token_in_the_keyring(ring: Memory, stranger: Hosting) -> None:
    ring.set_password(f"rnd:{stranger.hub.host}", "token", "gho_revoked")
    with connect(os.environ, CLIENT, ask=True) as client, pytest.raises(SignInNeeded, match="does not know") as caught:
        examine(client, stranger.owner)
    assert "rnd github sign-out" in caught.value.hint


@pytest.mark.usefixtures("hosting")
def test_the_command_says_who_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["github", "sign-in"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Signed in to 127.0.0.1:")
    assert ", by GH_TOKEN." in said
    assert "is no member of the organisation" in said  # that of the shipped org.yml, which this fake GitHub has not


def test_the_command_forgets(ring: Memory, hosting: Hosting, capsys: pytest.CaptureFixture[str]) -> None:
    ring.set_password(f"rnd:{hosting.hub.host}", "token", "x")
    assert cli.main(["github", "sign-out"]) == 0
    assert cli.main(["github", "sign-out"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The token is deleted from the system keyring.",
        "The system keyring holds no token of rnd.",
    ]
