"""The conda clients: what they are given, and, those that are on this machine, that they do it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rattler.explicit_environment.environment import ExplicitEnvironmentSpec

from rnd import process
from rnd.environments.conda import clients
from rnd.environments.conda.lockfile import LockedPackage
from rnd.environments.conda.prefix import difference
from rnd.environments.conda.rattler import solve, this_platform
from rnd.environments.conda.specification import Specification
from rnd.errors import CommandFailed, PackagesUnavailable
from tests.helpers.machine import channel

if TYPE_CHECKING:
    from collections.abc import Callable

PYTHON = LockedPackage(
    "python", "3.11", "linux-64", "https://conda.example.com/linux-64/python-3.11-0.conda", "0" * 32, "1" * 64, {}
)

NEW = "echo 99.1"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a program on PATH under a client's name, the only one there."""
    for name in clients.CLIENTS:
        if found := process.find(name):
            folder = str(Path(found).parent)
            path = [entry for entry in process.environment()["PATH"].split(":") if entry != folder]
            monkeypatch.setenv("PATH", ":".join(path))

    def put(name: str, script: str) -> Path:
        program = tmp_path / "programs" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return put


def test_the_quickest_client_is_taken(
    client: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clients.find_client() is None
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=":")
    for name in ("conda", "mamba", "micromamba"):
        program = client(name, NEW)
        assert clients.find_client() == str(program)


@pytest.mark.parametrize(
    ("name", "version", "taken"),
    [
        ("conda", "conda 24.7.1", False),
        ("conda", "conda 24.9.0", True),
        ("mamba", "2.0.8", False),
        ("mamba", "mamba 1.5.8", False),
        ("micromamba", "2.1.0", True),
        ("micromamba", "", False),
    ],
)
def test_a_client_that_verifies_no_sha256_is_passed_over(
    client: Callable[[str, str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    version: str,
    taken: bool,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=":")
    program = client(name, f"echo {version}")
    assert clients.find_client() == (str(program) if taken else None)


def test_a_client_that_is_a_function_of_the_shell(
    client: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = client("micromamba", NEW)
    monkeypatch.setenv("MAMBA_EXE", str(program))
    assert clients.find_client() == str(program)
    monkeypatch.setenv("MAMBA_EXE", str(program.with_name("gone")))
    assert clients.find_client() is None


def test_what_a_client_is_given(client: Callable[[str, str], Path], tmp_path: Path) -> None:
    program = client("mamba", f'echo "$@" > {tmp_path}/arguments; cp "$6" {tmp_path}/listed')
    clients.create(str(program), tmp_path / "prefix", (PYTHON,))
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments[:5] == ["create", "--yes", "--prefix", str(tmp_path / "prefix"), "--file"]
    (entry,) = ExplicitEnvironmentSpec.from_path(tmp_path / "listed").packages
    assert entry.url == f"{PYTHON.url}#sha256:{PYTHON.sha256}"


@pytest.mark.parametrize(
    ("said", "error"),
    [("CondaHTTPError: HTTP 000", PackagesUnavailable), ("SafetyError: no", CommandFailed)],
)
def test_a_client_that_says_no(
    client: Callable[[str, str], Path], tmp_path: Path, said: str, error: type[Exception]
) -> None:
    program = client("conda", f"echo '{said}' >&2; exit 1")
    with pytest.raises(error, match=said):
        clients.create(str(program), tmp_path / "prefix", (PYTHON,))


@pytest.mark.slow
@pytest.mark.parametrize("name", clients.CLIENTS)
def test_a_client_makes_what_is_locked(tmp_path: Path, name: str) -> None:
    program = process.find(name)
    if program is None:
        pytest.skip(f"{name} is not on this machine; conda-forge has it")
    asked = Specification((channel().as_uri(),), {this_platform(): ("python", "pytest", "greeting <2")}, {})
    packages = tuple(solve(asked, tmp_path / "no-lock"))
    clients.create(program, tmp_path / "prefix", packages)
    assert difference(tmp_path / "prefix", packages) is None
    assert process.run(str(tmp_path / "prefix" / "bin" / "pytest"), "--version").startswith("pytest ")
