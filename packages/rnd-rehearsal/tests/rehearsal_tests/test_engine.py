"""Builders that are started for a while: they work, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnd import process
from rnd.errors import RndError
from rnd_rehearsal.base_image import build_base_image
from rnd_rehearsal.engine import buildah_engine, docker_engine


def command_lines() -> str:
    """Return the command lines of all processes."""
    return process.run("ps", "-e", "-ww", "-o", "args")  # in full width


def test_a_docker_daemon_ends_with_what_it_was_started_for(base_image: Path) -> None:
    try:
        with docker_engine() as variables:
            folder = Path(variables["DOCKER_HOST"].removeprefix("unix://")).parent
            assert str(folder) in command_lines()
            build_base_image(base_image, "demo", variables)
            code = "import os; print(6 * 7, os.path.getsize(os.environ['SSL_CERT_FILE']))"
            command = ("docker", "run", "--rm", "--network", "host", "demo", "python3", "-c", code)
            assert process.run(*command, extra=variables) == f"42 {(base_image / 'certificates.crt').stat().st_size}\n"
    except RndError as error:
        pytest.skip(f"no Docker on this machine: {error}")
    assert str(folder) not in command_lines()
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert not folder.exists()


def test_buildah_keeps_to_itself(base_image: Path) -> None:
    try:
        with buildah_engine() as variables:
            folder = Path(variables["CONTAINERS_STORAGE_CONF"]).parent
            process.run("buildah", "build", "--quiet", "--tag", "demo", str(base_image), extra=variables)
            container = process.run("buildah", "from", "demo", extra=variables).strip()
            said = process.run("buildah", "run", container, "python3", "-c", "print(6 * 7)", extra=variables)
            assert said == "42\n"
            with buildah_engine() as others:
                assert process.run("buildah", "images", "--quiet", extra=others) == ""
    except RndError as error:
        pytest.skip(f"no buildah on this machine: {error}")
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert not folder.exists()


@pytest.mark.parametrize(("start", "program"), [(docker_engine, "dockerd"), (buildah_engine, "buildah")])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, start: type, program: str) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RndError, match=f"{program} is not installed"), start():
        pass
