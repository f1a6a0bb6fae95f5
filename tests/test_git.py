"""How git signs in: by a token that the remote is given, and that stands nowhere but in one process's environment."""

from __future__ import annotations

import base64
import logging
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from fake_github import loopback
from rnd import git, process
from rnd.errors import ConfigurationUntrusted

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
    remote: tuple[str, list[str | None]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address, asked = remote
    caplog.set_level(logging.DEBUG, "rnd.process")
    git.signed_in(tmp_path, "secret", address.removesuffix("/owner/name"), "ls-remote", address)
    assert asked[0] is None, "nobody is given it unasked"
    scheme, value = str(asked[1]).split()
    assert (scheme, base64.b64decode(value)) == ("Basic", b"x-access-token:secret")
    assert f" ls-remote {address}" in caplog.text
    assert "secret" not in caplog.text


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


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, Path]:
    """A folder whose configuration names a program wherever git starts one, and the file with what was started."""
    folder, marker, program = tmp_path / "demo", tmp_path / "started", tmp_path / "program"
    folder.mkdir()
    for name in ("kept.txt", "same.txt"):
        (folder / name).write_text("one\n", encoding="utf-8")
    (folder / ".gitattributes").write_text("*.txt filter=evil diff=evil\n", encoding="utf-8")
    git.run(folder, "init", "--quiet", "--initial-branch=main")
    git.run(folder, "add", "--all")
    git.run(
        folder, "-c", "user.name=eve", "-c", "user.email=eve@example.com", "commit", "--quiet", "--message", "feat: one"
    )
    git.run(folder, "tag", "0.1.0")
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {marker}\n', encoding="utf-8")
    program.chmod(0o755)
    for hook in ("post-index-change", "reference-transaction", "pre-push"):
        (folder / ".git" / "hooks" / hook).symlink_to(program)
    keys = (
        *("core.fsmonitor", "core.sshCommand", "core.askPass", "core.gitProxy", "core.editor", "core.pager"),
        *("gpg.program", "diff.external", "diff.evil.command", "diff.evil.textconv", "pager.status", "alias.status"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "credential.helper"),
        *("remote.origin.uploadpack", "remote.origin.receivepack", "core.alternateRefsCommand"),
    )
    for key in keys:
        git.run(folder, "config", key, f"!{program} {key}" if key.startswith(("alias", "cred")) else f"{program} {key}")
    git.run(folder, "config", "log.showSignature", "true")
    git.run(folder, "config", "filter.evil.required", "true")
    git.run(folder, "config", "remote.origin.url", str(tmp_path / "demo"))
    git.run(folder, "config", "protocol.ext.allow", "always")
    marker.unlink(missing_ok=True)
    (folder / "kept.txt").write_text("two\n", encoding="utf-8")
    (folder / "same.txt").write_text("one\n", encoding="utf-8")  # git reads it: its time is new
    return folder, marker


def test_a_command_that_reads_starts_no_program_of_the_folder(hostile: tuple[Path, Path]) -> None:
    folder, marker = hostile
    assert git.changes(folder) == [" M kept.txt"]
    assert not git.is_clean(folder)
    assert git.toplevel(folder) == folder
    assert git.attempt(folder, "show", "HEAD:kept.txt") == "one"
    assert git.attempt(folder, "log", "-1", "--format=%s") == "feat: one"
    assert git.attempt(folder, "grep", "--files-with-matches", "two") == "kept.txt"
    assert git.output(str(folder), "log", "-p", "-1", "--format=%s", "--no-ext-diff", "--no-textconv") is not None
    assert b"".join(git.stream(str(folder), "rev-list", "HEAD"))
    git.attempt(folder, "ls-remote", "origin")
    assert not marker.exists(), marker.read_text(encoding="utf-8")


def test_the_programs_of_the_folder_would_be_started_otherwise(hostile: tuple[Path, Path]) -> None:
    """Without this, the test above could pass because nothing is configured."""
    folder, marker = hostile
    for command in (("status", "--porcelain"), ("log", "-1"), ("ls-remote", "origin")):
        process.attempt("git", *command, cwd=folder)
    started = marker.read_text(encoding="utf-8")
    for name in ("core.fsmonitor", "filter.evil", "remote.origin.uploadpack"):
        assert name in started


@pytest.mark.parametrize("token", ["secret", None])
def test_a_push_starts_no_program_of_the_folder(
    hostile: tuple[Path, Path], remote: tuple[str, list[str | None]], token: str | None
) -> None:
    folder, marker = hostile
    address, asked = remote
    git.run(folder, "config", "remote.origin.url", address)
    server = address.removesuffix("/owner/name")
    try:
        git.signed_in(folder, token, server, "push", "--quiet", "--no-verify", "origin", "main")
    except ConfigurationUntrusted:
        assert token is None
    else:
        assert token is not None
        assert [bool(one) for one in asked[:2]] == [False, True]
    assert not marker.exists(), marker.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("http.proxy", "http://127.0.0.1:9"),
        ("http.https://github.com/.proxy", "http://127.0.0.1:9"),
        ("http.sslVerify", "false"),
        ("http.sslCAInfo", "own.pem"),
        ("http.curloptResolve", "github.com:443:127.0.0.1"),
        ("remote.https://github.com/acme/demo.proxy", "http://127.0.0.1:9"),
        ("remote.origin.vcs", "ext"),
    ],
)
def test_a_folder_does_not_decide_where_a_token_goes(tmp_path: Path, key: str, value: str) -> None:
    git.run(tmp_path, "init", "--quiet")
    git.run(tmp_path, "config", key, value)
    with pytest.raises(ConfigurationUntrusted, match=key.lower() if "https" not in key else "github.com"):
        git.push(tmp_path, "https://github.com/acme/demo", ["main"], "secret", "https://github.com")


def test_an_included_file_counts_as_the_folder_and_the_users_own_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote: tuple[str, list[str | None]]
) -> None:
    address, asked = remote
    folder, own = tmp_path / "demo", tmp_path / "own"
    folder.mkdir()
    own.write_text("[http]\n\tsslVerify = true\n", encoding="utf-8")
    git.run(folder, "init", "--quiet")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(own))
    server = address.removesuffix("/owner/name")
    git.signed_in(folder, "secret", server, "ls-remote", address)
    assert len(asked) == 2
    git.run(folder, "config", "include.path", str(own))
    with pytest.raises(ConfigurationUntrusted, match=r"http\.sslverify"):
        git.signed_in(folder, "secret", server, "ls-remote", address)


def test_a_transaction_of_references_does_not_get_the_token(
    remote: tuple[str, list[str | None]], tmp_path: Path
) -> None:
    """`git fetch` with a token updates a branch, for which git runs a hook with the variables of git."""
    address, _ = remote
    git.run(tmp_path, "init", "--quiet")
    hook, kept = tmp_path / ".git" / "hooks" / "reference-transaction", tmp_path / "kept"
    hook.write_text(f'#!/bin/sh\necho "$RND_PUSH_TOKEN" >> {kept}\n', encoding="utf-8")
    hook.chmod(0o755)
    identity = ("-c", "user.name=eve", "-c", "user.email=eve@example.com")
    git.signed_in(tmp_path, "secret", address, *identity, "commit", "--allow-empty", "--quiet", "--message", "one")
    assert git.head(tmp_path)
    assert not kept.exists()
