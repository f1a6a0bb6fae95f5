"""The image of a repository made with conda: what is locked, from a private channel, and nothing of its password."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal import channel_server
from tests.helpers.machine import BASE_IMAGE, INDEXES, PYTHON, channel
from tests.helpers.template import TemplateRepository, copy_template, lock_and_commit, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd_rehearsal.channel_server import ChannelServer


@pytest.fixture
def server(home: Path) -> Iterator[ChannelServer]:
    """A channel that asks for a password, which the user's ~/.netrc has."""
    with channel_server.serve(channel()) as server:
        (home / ".netrc").write_text(server.netrc)
        yield server


@pytest.fixture
def private(tmp_path: Path, server: ChannelServer) -> TemplateRepository:
    """The template of an organisation whose channel that is."""
    template = copy_template(tmp_path / "rnd-template", "conda")
    template.use_channel(server.url)
    template.release("2.0.0")
    return template


@pytest.fixture
def made(private: TemplateRepository, tmp_path: Path) -> Path:
    """A repository of theirs, locked and committed."""
    return lock_and_commit(render(private, tmp_path / "made", project_name="aligner"))


def build(made: Path, engine: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Build the image of the code that is there."""
    argv = [sys.executable, "docker/build.py", "--local", "--builder", "docker", "--network", "host"]
    variables = os.environ | INDEXES | engine
    argv += ["--base-image", BASE_IMAGE, "--tag", "aligner:test"]
    return subprocess.run(argv, cwd=made, env=variables, capture_output=True, text=True, check=False)


def run(engine: dict[str, str], *arguments: str) -> str:
    """Run docker and return what it said."""
    argv = ["docker", *arguments]
    return subprocess.run(argv, env=os.environ | engine, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_it_holds_what_is_locked_and_no_password(made: Path, server: ChannelServer, docker: dict[str, str]) -> None:
    built = build(made, docker)
    assert built.returncode == 0, built.stderr
    assert run(docker, "run", "--rm", "aligner:test") == "0.1.0"
    asked = "import sys; print(sys.prefix, sys.version)"
    said = run(docker, "run", "--rm", "aligner:test", "python", "-c", asked)
    assert said.startswith(f"/app/.conda {PYTHON}.")
    assert run(docker, "run", "--rm", "aligner:test", "id", "-u") == "1000"
    told = built.stdout + built.stderr + run(docker, "history", "--no-trunc", "aligner:test")
    assert server.password not in told + run(docker, "image", "inspect", "aligner:test")
    found = ["run", "--rm", "--user", "0", "aligner:test", "sh", "-c", "find / -xdev -name .netrc -exec cat {} +; env"]
    listed = subprocess.run(["docker", *found], env=os.environ | docker, capture_output=True, text=True, check=False)
    assert server.password not in listed.stdout


@pytest.mark.slow
def test_a_lock_that_does_not_fit_makes_no_image(made: Path, docker: dict[str, str]) -> None:
    environment = made / "environment.yml"
    environment.write_text(environment.read_text() + "# changed\n")
    built = build(made, docker)
    assert built.returncode != 0
    assert "conda-lock.yml does not match environment.yml" in built.stderr
