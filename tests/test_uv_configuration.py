"""A `uv.toml` that another job or another user has planted does not apply: it can name a proxy or another index."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from fake_github import loopback
from rnd import uv
from rnd.publish.distribution import Distribution
from rnd.publish.index import Index
from rnd_rehearsal.attacks.job import make_wheel

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

UNREADABLE = "not a configuration"
MANIFEST = '[project]\nname = "demo"\nversion = "1.0"\nrequires-python = ">=3.11"\n'


@contextmanager
def recorder(page: bytes = b"") -> Generator[tuple[str, list[str]]]:
    """Serve a page, and give the address of the server and the method and credentials of each request to it."""
    found: list[str] = []

    class Record(loopback.Handler):
        def do_GET(self) -> None:
            self.close_connection = True
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            found.append(f"{self.command} {self.headers['Authorization']}")
            self.say(200, {"Content-Type": "text/html"}, page)

        do_POST = do_PUT = do_CONNECT = do_GET

    with ThreadingHTTPServer(("127.0.0.1", 0), Record) as server, loopback.listening(server):
        yield f"http://127.0.0.1:{server.server_port}", found


@pytest.mark.parametrize("place", ["beside the wheel", "above it"])
def test_an_upload_goes_through_no_proxy_of_another_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The folder of the wheel is an artifact of the job that built it, which runs code of the repository."""
    folder = tmp_path / "wheel"
    folder.mkdir()
    wheel = make_wheel(folder, "demo", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    distribution = Distribution("wheel", wheel, "demo", "1.0", digest)
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    page = f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>'.encode()
    with recorder(page) as (index, uploads), recorder() as (proxy, stolen):
        text = f'http-proxy = "{proxy}"\nhttps-proxy = "{proxy}"\nallow-insecure-host = ["*"]\n'
        ((folder if place == "beside the wheel" else tmp_path) / "uv.toml").write_text(text, encoding="utf-8")
        Index(f"{index}/", f"{index}/simple/", "aws", "secret").upload(distribution, [distribution])
    assert stolen == []
    assert uploads[0].startswith("POST Basic ")


def test_without_a_folder_the_current_one_does_not_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could say where Python is downloaded from, in a parent folder that others can write to too."""
    (tmp_path / "uv.toml").write_text(UNREADABLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = ("python", "find", "--system", "--no-project", "3.11")
    assert uv.attempt(None, *command).returncode == 0
    assert "Failed to parse: uv.toml" in uv.attempt(tmp_path, *command).stderr


def test_in_a_temporary_folder_those_above_do_not_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user of a machine can write to /tmp."""
    (tmp_path / "uv.toml").write_text(UNREADABLE, encoding="utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with uv.temporary_folder("rnd-") as folder:
        assert folder.parent == tmp_path
        clone = folder / "clone"
        clone.mkdir()
        (clone / "pyproject.toml").write_text(MANIFEST, encoding="utf-8")
        assert uv.attempt(clone, "lock").returncode == 0
        (folder / "uv.toml").unlink()
        assert "Failed to parse" in uv.attempt(clone, "lock").stderr


def test_in_a_temporary_folder_no_program_of_those_above_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n", encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / ".python-version").write_text(f"{program}\n", encoding="utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with uv.temporary_folder("rnd-") as folder:
        (folder / "project").mkdir()
        (folder / "project" / "pyproject.toml").write_text(MANIFEST, encoding="utf-8")
        command = ("build", "--wheel", "--no-index")
        uv.attempt(folder / "project", *command)
        assert not (tmp_path / "ran").exists()
        (folder / ".python-version").unlink()
        uv.attempt(folder / "project", *command)
    assert (tmp_path / "ran").exists()
