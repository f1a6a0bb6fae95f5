"""Solving and installing by py-rattler: what comes out, and what is said where nothing does."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rnd.environments.conda import rattler
from rnd.environments.conda.lockfile import LOCK, write_lock
from rnd.environments.conda.prefix import difference
from rnd.environments.conda.specification import Specification
from rnd.environments.errors import EnvironmentInvalid, Unsolvable
from rnd.errors import ExtraMissing, PackagesUnavailable
from rnd_rehearsal import channel as conda_channel
from rnd_rehearsal import channel_server

HERE = rattler.this_platform()
ENVIRONMENT = """\
channels: [{address}]
platforms: [{platform}]
dependencies: [python]
"""
THERE = next(platform for platform in rattler.PLATFORMS.values() if platform != HERE)


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every package be fetched."""
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A channel of a few packages without content."""
    folder = tmp_path / "channel"
    conda_channel.add_noarch(folder, "app", "1.0", {"app": b"1"}, depends=("library >=1", "__glibc >=2.28"))
    for version in ("1.0", "2.0"):
        conda_channel.add_noarch(folder, "library", version, {"library": version.encode()})
    conda_channel.add_noarch(folder, "old-app", "1.0", {"old": b"1"}, depends=("library <2",))
    conda_channel.index(folder)
    return folder


def asked(
    channel: str | Path, *requests: str, glibc: str = "2.31", platforms: tuple[str, ...] = (HERE,)
) -> Specification:
    """Return a request for packages of one channel."""
    address = channel.as_uri() if isinstance(channel, Path) else channel
    have = {platform: {"__glibc": glibc} for platform in platforms}
    return Specification((address,), dict.fromkeys(platforms, requests), have)


def solve(specification: Specification, locked: Path = Path("none")) -> dict[str, list[str]]:
    """Solve, and return the packages of each platform."""
    found: dict[str, list[str]] = {}
    for package in rattler.solve(specification, locked):
        found.setdefault(package.platform, []).append(package.identity)
    return {platform: sorted(packages) for platform, packages in found.items()}


def test_every_platform_is_solved(small: Path) -> None:
    expected = ["app-1.0-0", "library-2.0-0"]
    assert solve(asked(small, "app", platforms=(HERE, THERE))) == {HERE: expected, THERE: expected}


def test_what_is_locked_is_kept_where_it_fits(small: Path, tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("")
    write_lock(tmp_path, asked(small), rattler.solve(asked(small, "library <2"), Path("none")))
    assert solve(asked(small, "app", "library"), tmp_path / LOCK) == {HERE: ["app-1.0-0", "library-1.0-0"]}
    assert solve(asked(small, "library >=2"), tmp_path / LOCK) == {HERE: ["library-2.0-0"]}


def test_the_first_channel_is_preferred(small: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    conda_channel.add_noarch(own, "library", "1.5", {"library": b"ours"})
    conda_channel.index(own)
    both = Specification((own.as_uri(), small.as_uri()), {HERE: ("app",)}, {HERE: {"__glibc": "2.31"}})
    assert solve(both) == {HERE: ["app-1.0-0", "library-1.5-0"]}


@pytest.mark.parametrize(
    ("requests", "glibc", "said"),
    [
        (
            ("nonesuch >=3",),
            "2.31",
            f"For {HERE}: Cannot solve the request because of: No candidates were found for nonesuch",
        ),
        (("old-app", "library >=2"), "2.31", "library"),
        (("app",), "2.17", "__glibc >=2.28"),
    ],
)
def test_a_request_that_cannot_be_fulfilled(small: Path, requests: tuple[str, ...], glibc: str, said: str) -> None:
    with pytest.raises(Unsolvable) as caught:
        solve(asked(small, *requests, glibc=glibc))
    assert said in caught.value.message


def test_a_request_that_cannot_be_read(small: Path) -> None:
    with pytest.raises(EnvironmentInvalid, match="unable to parse version spec"):
        solve(asked(small, "library >>3"))


@pytest.mark.slow
@pytest.mark.parametrize("address", ["file:///no/such/channel", "http://127.0.0.1:9/channel"])
def test_a_channel_that_is_none(address: str) -> None:
    with pytest.raises(PackagesUnavailable, match="A channel could not be read"):
        solve(asked(address, "app"))


def test_an_address_that_answers_and_is_no_channel(small: Path, home: Path) -> None:
    with channel_server.serve(small) as server:
        (home / ".netrc").write_text(server.netrc)
        server.altered["repodata"] = b"<html>Welcome</html>"
        with pytest.raises(PackagesUnavailable, match="A channel could not be read"):
            solve(asked(server.url, "library"))
        server.altered.clear()
        assert solve(asked(server.url, "library")) == {HERE: ["library-2.0-0"]}


def test_ctrl_c_while_a_channel_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://localhost:{silent.getsockname()[1]}"
        (tmp_path / "environment.yml").write_text(ENVIRONMENT.format(address=address, platform=HERE))
        made = "from pathlib import Path; from rnd.environments.conda.rattler import lock; lock(Path())"
        with subprocess.Popen([sys.executable, "-c", made], cwd=tmp_path, stderr=subprocess.PIPE) as running:
            silent.accept()[0].close()
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=300)
    assert said.splitlines()[-1] == b"KeyboardInterrupt"
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["environment.yml"]


@pytest.mark.parametrize(("kind", "name"), [("md5", "MD5"), ("sha256", "SHA-256")])
def test_a_channel_without_digests_cannot_be_locked(small: Path, kind: str, name: str) -> None:
    index = small / "noarch" / "repodata.json"
    document = json.loads(index.read_text())
    for package in document["packages"].values():
        del package[kind]
    index.write_text(json.dumps(document))
    with pytest.raises(Unsolvable, match=f"The channel has no {name} digest of library-2"):
        solve(asked(small, "library"))


def test_a_private_channel_from_netrc(small: Path, home: Path, tmp_path: Path) -> None:
    with channel_server.serve(small) as server:
        private = asked(server.url, "library")
        with pytest.raises(PackagesUnavailable, match="401"):
            solve(private)
        (home / ".netrc").write_text(server.netrc)
        packages = rattler.solve(private, Path("none"))
        (tmp_path / "environment.yml").write_text("")
        write_lock(tmp_path, private, packages)
        rattler.install(tmp_path, tmp_path / "prefix", HERE)
        assert difference(tmp_path / "prefix", tuple(packages)) is None
        assert server.password not in (tmp_path / LOCK).read_text()


def test_a_private_channel_from_rattler_s_own_file(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with channel_server.serve(small) as server:
        credentials = {
            channel_server.HOST: {"BasicHTTP": {"username": channel_server.USER, "password": server.password}}
        }
        (tmp_path / "credentials.json").write_text(json.dumps(credentials))
        monkeypatch.setenv("RATTLER_AUTH_FILE", str(tmp_path / "credentials.json"))
        assert solve(asked(server.url, "library")) == {HERE: ["library-2.0-0"]}


def test_a_package_that_is_not_the_one_that_was_locked(small: Path, home: Path, tmp_path: Path) -> None:
    with channel_server.serve(small) as server:
        (home / ".netrc").write_text(server.netrc)
        private = asked(server.url, "library")
        (tmp_path / "environment.yml").write_text("")
        write_lock(tmp_path, private, rattler.solve(private, Path("none")))
        server.altered["library-2.0"] = (small / "noarch" / "library-1.0-0.tar.bz2").read_bytes()
        with pytest.raises(PackagesUnavailable, match="hash mismatch"):
            rattler.install(tmp_path, tmp_path / "prefix", HERE)
        del server.altered["library-2.0"]
        rattler.install(tmp_path, tmp_path / "prefix", HERE)
    assert (tmp_path / "prefix" / "library").read_bytes() == b"2.0"


def test_a_package_with_the_locked_md5_and_another_sha256_is_refused(small: Path, home: Path, tmp_path: Path) -> None:
    """Two files can have one MD5 digest. The channel's package here has the locked MD5, and not the locked SHA-256."""
    with channel_server.serve(small) as server:
        (home / ".netrc").write_text(server.netrc)
        private = asked(server.url, "library")
        (tmp_path / "environment.yml").write_text("")
        (package,) = rattler.solve(private, Path("none"))
        content = (small / "noarch" / "library-2.0-0.tar.bz2").read_bytes()
        assert package.md5 == hashlib.md5(content).hexdigest()
        write_lock(tmp_path, private, [replace(package, sha256="1" * 64)])
        with pytest.raises(PackagesUnavailable, match="hash mismatch"):
            rattler.install(tmp_path, tmp_path / "prefix", HERE)
    assert not (tmp_path / "prefix" / "library").exists()


def test_a_package_that_is_gone_from_the_channel(small: Path, tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("")
    write_lock(tmp_path, asked(small), rattler.solve(asked(small, "library"), Path("none")))
    package = small / "noarch" / "library-2.0-0.tar.bz2"
    package.rename(small / "library")
    with pytest.raises(PackagesUnavailable, match="A locked package could not be installed"):
        rattler.install(tmp_path, tmp_path / "prefix", HERE)
    (small / "library").rename(package)
    rattler.install(tmp_path, tmp_path / "prefix", HERE)


def test_without_the_extra(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rattler", None)
    with pytest.raises(ExtraMissing, match="The extra `conda` of rnd is not installed") as caught:
        solve(asked(small, "app"))
    assert "rnd-template[conda]" in caught.value.hint


def test_a_machine_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "s390x")
    with pytest.raises(EnvironmentInvalid, match="not supported on Linux s390x"):
        rattler.this_platform()
