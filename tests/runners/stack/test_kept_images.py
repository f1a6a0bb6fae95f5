"""The commands that put base images into the image of the runner, and the hook that gives them to a job's daemon."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rnd.organisation import load_organisation
from rnd.runners.stack.kept_images import JOB, LOAD, REPOSITORY, kept_images, save_commands
from tests.helpers.machine import ROOT

DOCKER = """\
#!/bin/sh
echo "$*" >>"{log}"
case "$*" in
  *missing*) exit 1 ;;
  "image inspect"*) echo "sha256:4c" ;;
  "save --output "*) : >"$3" ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A folder with a client that records its arguments; an image that is called `missing` cannot be had."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "docker"
    program.write_text(DOCKER.format(log=tmp_path / "log"))
    program.chmod(0o755)
    (tmp_path / "log").touch()
    return tmp_path


def run(docker: Path, *argv: str, **more: str) -> str:
    """Run a command in that folder, and return what it says."""
    variables = {"PATH": f"{docker / 'bin'}:{os.environ['PATH']}"} | more
    return subprocess.run(argv, cwd=docker, env=variables, check=True, capture_output=True, text=True).stdout


def test_an_archive_has_no_name_of_its_image(docker: Path) -> None:
    """So Docker asks the registry what a name means, and an archive that somebody changed is of no use."""
    run(docker, "sh", "-e", "-c", "\n".join(save_commands({JOB: "acme/jobs:1", REPOSITORY: "python:3-slim"})))
    saved = [line for line in (docker / "log").read_text().splitlines() if line.startswith("save")]
    assert saved == [f"save --output base-images/{name} sha256:4c" for name in (JOB, REPOSITORY)]


def test_the_first_deployment_has_no_base_images_yet(docker: Path) -> None:
    said = run(docker, "sh", "-e", "-c", "\n".join(save_commands({JOB: "acme/missing:1", REPOSITORY: "python:3-slim"})))
    assert said == "acme/missing:1 is left out\n"
    assert [file.name for file in (docker / "base-images").iterdir()] == [REPOSITORY]


@pytest.mark.parametrize("there", [(), (JOB,), (JOB, REPOSITORY), ("missing.tar",)])
def test_a_job_starts_with_what_is_there(docker: Path, there: tuple[str, ...]) -> None:
    for name in there:
        (docker / name).touch()
    assert run(docker, "bash", "-e", str(LOAD), str(docker)) == ""
    loaded = (docker / "log").read_text().splitlines()
    assert loaded[:1] == [f"load --quiet --input {docker}/{JOB}"][: int(JOB in there)]


@pytest.mark.parametrize(("job", "loaded"), [("image", {JOB, REPOSITORY}), ("build", {JOB})])
def test_only_the_job_that_builds_the_image_loads_what_it_is_built_on(docker: Path, job: str, loaded: set[str]) -> None:
    for name in (JOB, REPOSITORY):
        (docker / name).touch()
    # Wait for what the hook loads in the background.
    hook = LOAD.read_text(encoding="utf-8").replace(">/dev/null 2>&1 </dev/null &", "& wait")
    (docker / "hook.sh").write_text(hook, encoding="utf-8")
    run(docker, "bash", "-e", str(docker / "hook.sh"), str(docker), GITHUB_JOB=job)
    assert {Path(line).name for line in (docker / "log").read_text().split() if line.endswith(".tar")} == loaded
    assert (ROOT / "template/.github/workflows/build_and_push_docker_image.yml.jinja").read_text().count("\n  image:\n")


def test_a_job_starts_without_what_cannot_be_loaded(docker: Path) -> None:
    folder = docker / "missing"
    folder.mkdir()
    (folder / JOB).touch()
    assert "did not load job.tar" in run(docker, "bash", "-e", str(LOAD), str(folder))


def test_the_images_of_the_default_python_are_kept() -> None:
    organisation = load_organisation(ROOT / "org.yml")
    image = f"{organisation.image_registry.address}/gha-rnd-runner-python-base:py3.11-latest"
    assert kept_images(organisation) == {JOB: image, REPOSITORY: "python:3.11-slim"}
