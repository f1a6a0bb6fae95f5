"""The image that jobs run in: built, pushed, and a generated repository's checks run inside it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from rnd import cli, process
from rnd.docker import find_client
from rnd.errors import RndError, ToolMissing, UsageError
from rnd.organisation import load_organisation
from rnd.plan import State
from rnd.progress import Quiet
from rnd.runners import base_image
from rnd.runners.base_image import describe_base_image, plan_base_image
from rnd.runners.stack.names import BASE_IMAGE_WORKFLOW, base_images
from rnd_rehearsal.base_image import build_base_image, prepare_base_image
from tests.helpers.git import git
from tests.helpers.machine import INDEXES, RND_CACHE, ROOT, UV_CACHE
from tests.helpers.template import TemplateRepository, render
from tests.helpers.workflows import load

if TYPE_CHECKING:
    from rnd_rehearsal.registry import ImageRegistry

ORGANISATION = load_organisation()
PYTHON = "3.13"  # what Debian 13 has
DEBIAN = "localhost/rnd-debian-13:latest"
CHECKS = "uv sync --locked --all-extras && uv run --no-sync pre-commit run --all-files && uv run --no-sync pytest"


@pytest.fixture(scope="session")
def debian(docker: dict[str, str]) -> dict[str, str]:
    """The variables that lead to a Docker daemon that has a Debian 13."""
    try:
        folder = prepare_base_image(Path(RND_CACHE), "trixie", "apt")
    except RndError as error:
        pytest.skip(f"no Debian 13 can be made on this machine: {error}")
    build_base_image(folder, DEBIAN, docker)
    return docker


@pytest.fixture
def client(debian: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A Docker client with BuildKit, led to that daemon."""
    for name, value in (INDEXES | debian).items():
        monkeypatch.setenv(name, value)
    try:
        return find_client()
    except ToolMissing as error:
        pytest.skip(f"no Docker with BuildKit on this machine: {error}")


def check_toolkit(run: tuple[str, ...], image: str) -> None:
    """Steps of central actions use what the image has: offline, in a checkout where nothing can be installed."""
    step = (
        "--volume",
        f"{ROOT}:/actions:ro",
        "--env=GITHUB_ACTION_PATH=/actions/actions/version",
        "--env=UV_OFFLINE=1",
    )
    toolkit = (*run, *step, image, "/actions/scripts/toolkit", "--extra", "release", "rnd")
    assert "rnd version" in process.run(*toolkit, "version", "--help")
    services = "codeartifact", "ecr", "lambda", "sts"
    clients = f"import boto3; [boto3.client(name, 'eu-west-1') for name in {services}]"
    process.run(*run, image, "/opt/rnd-toolkit/bin/python", "-c", clients)


@pytest.mark.slow
def test_a_generated_repository_s_checks_run_in_it(
    client: str,
    template: TemplateRepository,
    all_images: ImageRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if PYTHON not in ORGANISATION.python.versions:
        pytest.skip(f"the organisation does not offer Python {PYTHON}, which Debian 13 has")
    ours = describe_base_image(ORGANISATION, ROOT, PYTHON, DEBIAN, system_python=True)
    image = replace(ours, name=f"{all_images.host}/{ours.name.partition('/')[2]}")
    sign_in(all_images, image.name, tmp_path, monkeypatch)
    plan = plan_base_image(image, ROOT, push=True)
    assert [outcome.result for outcome in plan.apply(Quiet())] == ["applied", "applied"]
    assert [outcome.result for outcome in plan.apply(Quiet())] == ["done", "done"], "and once is enough"

    folder = render(template, tmp_path / "made", project_name="aligner", python_version=PYTHON)
    run = (client, "run", "--rm", "--network", "host", "--volume", f"{folder}:/work", "--workdir", "/work")
    cache = ("--volume", f"{UV_CACHE}:/cache", "--env=UV_CACHE_DIR=/cache", *(f"--env={name}" for name in INDEXES))
    # In the image, which has this Python: the machine may have another one, and no way to fetch it.
    process.run(*run, *cache, image.name, "uv", "lock", "--quiet")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: align two speakers")
    said = process.run(*run, *cache, image.name, "sh", "-c", CHECKS)
    assert re.search(r"\b[1-9]\d* passed", said)
    assert "Failed" not in said
    tools = "set -e; for tool in python uv git aws docker; do $tool --version; done; docker buildx version"
    assert process.run(*run, image.name, "sh", "-c", tools).startswith(f"Python {PYTHON}.")
    check_toolkit(run, image.name)
    facts = json.loads(process.run(client, "image", "inspect", "--format", "{{json .}}", image.name))
    assert facts["Size"] < 650_000_000, "small: the AWS CLI, Docker's client and git are most of it"
    assert facts["Config"]["Env"].count("GIT_TERMINAL_PROMPT=0") == 1
    for value in INDEXES.values():
        assert value not in process.run(client, "history", "--no-trunc", image.name)


def sign_in(registry: ImageRegistry, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the image's repository, and let Docker's configuration hold what signs in to it."""
    repository = name.partition("/")[2].rpartition(":")[0]
    for variable, value in registry.variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    boto3.client("ecr", region_name=ORGANISATION.require_aws().region).create_repository(repositoryName=repository)
    auth = base64.b64encode(f"AWS:{registry.token}".encode()).decode()
    (folder / "docker").mkdir()
    (folder / "docker" / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "docker"))
    monkeypatch.setattr(base_image, "ECR_HELPER", "of-nobody")


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run([hadolint, ROOT / "images" / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")


@pytest.mark.usefixtures("client")
def test_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    version, (name, tag) = next(iter(base_images(ORGANISATION).items()))
    image = f"{ORGANISATION.image_registry.address}/{name}:{tag}"
    assert cli.main(["runners", "base-image", "--python", version, "--push", "--plan"]) == 0
    said = capsys.readouterr().out
    assert f"docker build --tag {image}" in said
    assert f"docker push {image}" in said


def test_the_list(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert cli.main(["runners", "base-image", "--json", "--github-output"]) == 0
    images = json.loads(capsys.readouterr().out)
    assert list(images) == ORGANISATION.python.versions
    for version, (name, tag) in base_images(ORGANISATION).items():
        assert images[version] == f"{ORGANISATION.image_registry.address}/{name}:{tag}"
    given = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert json.loads(given["pythons"]) == ORGANISATION.python.versions
    assert given["role"].startswith(f"arn:aws:iam::{ORGANISATION.require_aws().account}:role/")
    assert given["region"] == ORGANISATION.require_aws().region


def test_the_workflow_is_the_one_that_the_role_is_for() -> None:
    workflow = load(ROOT / ".github" / "workflows" / BASE_IMAGE_WORKFLOW)
    assert set(workflow["on"]) == {"schedule", "workflow_dispatch"}
    assert workflow["jobs"]["image"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert set(workflow["jobs"]["images"]["outputs"]) == {"pythons", "role", "region"}


def test_what_a_build_for_the_organisation_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh base and no cache, or there would be no security updates; no Docker is called."""
    calls: list[tuple[str, ...]] = []

    def note(*argv: str, **_: object) -> str:
        calls.append(argv)
        return ""

    monkeypatch.setattr(process, "run", note)
    monkeypatch.setattr("rnd.docker.find_client", lambda: "docker")
    answers = iter((False, True, False, True))  # not there, then built; not there, then pushed
    for name in ("_observe_built", "_observe_pushed"):
        monkeypatch.setattr(base_image, name, lambda *_: State(next(answers), ""))
    image = describe_base_image(ORGANISATION, ROOT, ORGANISATION.python.default, None, system_python=False)
    plan_base_image(image, ROOT, push=True).apply(Quiet())
    build, push = (argv for argv in calls if argv[1] in {"build", "push"})
    assert {"--pull", "--no-cache", f"PYTHON_VERSION={ORGANISATION.python.default}"} <= set(build)
    assert "PYTHON_PREFERENCE=only-system" not in build
    assert push[-1] == image.name


def test_a_python_that_is_not_offered_and_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Python 2\.7 is not in org\.yml; choose one of: 3\."):
        describe_base_image(ORGANISATION, ROOT, "2.7", None, system_python=False)
    with pytest.raises(UsageError, match=r"has no images/Dockerfile"):
        describe_base_image(ORGANISATION, tmp_path, ORGANISATION.python.default, None, system_python=False)


@pytest.mark.parametrize(
    ("version", "buildx", "good"),
    [("20.10.24", 1, True), ("26.1.5", 0, True), ("26.1.5", 1, False), ("none", 0, False)],
)
def test_which_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, buildx: int, good: bool) -> None:
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\ncase $1 in --version) echo "Docker version {version}, build x";; *) exit {buildx};; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if good:
        assert find_client() == str(program)
    else:
        with pytest.raises(ToolMissing, match="No Docker client with BuildKit is installed"):
            find_client()
