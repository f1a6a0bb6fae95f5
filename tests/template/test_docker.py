"""What a generated repository builds its image with, as far as no builder is needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rnd.organisation import load_organisation
from rnd.publish.containers import can_save, refers_to_environment, reuses_parts
from tests.helpers.machine import FOUND
from tests.helpers.template import copy_template, render

ORGANISATION = load_organisation()
OPTIONS = """
--local --push --save --target --list-layers --tag --registry --version --sha256 --index-url --base-image --platform
--build-arg --label --network --builder
"""
FAKE = "#!/bin/sh\n"


@pytest.fixture(scope="module", params=["uv", "conda"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered repository with each dependency tool, that no test changes."""
    place = tmp_path_factory.mktemp("docker")
    answers = {"project_name": "aligner", "dependency_tool": request.param}
    folder = render(copy_template(place / "rnd-template"), place / "made", **answers)
    (folder / {"uv": "uv.lock", "conda": "conda-lock.yml"}[request.param]).touch()
    return folder


def build(
    made: Path, *arguments: str, python: str = sys.executable, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the repository's build.py."""
    command = [python, str(made / "docker" / "build.py"), *arguments]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)


def program(folder: Path, name: str, text: str) -> Path:
    """Make a program that does what some lines of shell say."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(FAKE + text)
    (folder / name).chmod(0o755)
    return folder / name


def test_hadolint_finds_nothing(made: Path) -> None:
    hadolint = [str(Path(sys.executable).with_name("hadolint")), "--failure-threshold", "style"]
    checked = subprocess.run(
        [*hadolint, str(made / "docker" / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")
    bad = subprocess.run([*hadolint, "-"], input="FROM debian\n", capture_output=True, text=True, check=False)
    assert "DL3006" in bad.stdout


def test_the_pipeline_builds_the_parts_of_the_image_unless_a_team_has_changed_them(made: Path, tmp_path: Path) -> None:
    assert can_save(made)
    assert reuses_parts(made)
    assert refers_to_environment(made) is (made / "conda-lock.yml").exists()
    for name in ("docker/build.py", "docker/Dockerfile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((made / name).read_text())
    dockerfile = tmp_path / "docker" / "Dockerfile"
    text = dockerfile.read_text()
    assert re.search(r"(?m)^FROM \$\{BASE_IMAGE\} AS base\n(#.*\n)*(ARG .*\n)?LABEL ", text), (
        "or buildah caches nothing"
    )
    dockerfile.write_text(f"{text}RUN date >/app/built\n")
    assert can_save(tmp_path)
    assert not reuses_parts(tmp_path)
    dockerfile.write_text(text.replace("FROM ${BASE_IMAGE} AS base", "FROM ${BASE_IMAGE} AS runtime"))
    assert not can_save(tmp_path)
    dockerfile.unlink()
    assert not can_save(tmp_path)


@pytest.mark.parametrize("version", FOUND)
def test_it_runs_on_every_python_and_documents_every_parameter(made: Path, version: str) -> None:
    ended = build(made, "--help", python=FOUND[version])
    assert ended.returncode == 0, ended.stderr
    documented = re.findall(r"^  (--[a-z0-9-]+)(?: [A-Z/=]+)?(?:  .*|\n {24})\w", ended.stdout, re.MULTILINE)
    assert [name for name in documented if name != "--extra"] == OPTIONS.split()
    assert ("--extra" in documented) is (made / "uv.lock").exists()


def test_an_old_and_a_new_client_side_by_side(made: Path, tmp_path: Path) -> None:
    """The newer one finds the daemon, and cannot use BuildKit; the older one behind it can."""
    new = program(
        tmp_path / "new",
        "docker",
        'case "$*" in --version) echo "Docker version 28.2.2";; version) ;; *) exit 1;; esac\n',
    )
    program(tmp_path / "old", "docker", 'test "$1" != buildx && echo "Docker version 20.10.24" && echo "$0 $*" >>log\n')
    path = f"{new.parent}{os.pathsep}{tmp_path / 'old'}{os.pathsep}/usr/bin:/bin"
    ended = subprocess.run(
        [sys.executable, made / "docker" / "build.py"], cwd=tmp_path, env=os.environ | {"PATH": path}, check=False
    )
    assert ended.returncode == 0
    assert f"{tmp_path / 'old' / 'docker'} build --file=" in (tmp_path / "log").read_text()


def test_what_is_wrong_with_each_builder_is_said(made: Path, tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo Cannot connect to the daemon. >&2; exit 1\n")
    program(tmp_path, "buildah", "echo no storage >&2; exit 125\n")
    ended = build(made, PATH=f"{tmp_path}")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "error: no image builder works on this machine:",
        f"  {tmp_path}/docker: Cannot connect to the daemon.",
        "  podman is not installed",
        f"  {tmp_path}/buildah: no storage",
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["NAME:0.1.0"]),
        (["--version", "1.2.3.dev0+0a1b2c3"], ["NAME:1.2.3.dev0-0a1b2c3"]),
        (["--push", "--tag", "a", "--tag", "b"], [f"{ORGANISATION.image_registry.address}/NAME:{tag}" for tag in "ab"]),
        (["--push", "--registry", "127.0.0.1:5000/team", "--tag", "a"], ["127.0.0.1:5000/team/NAME:a"]),
        (["--tag", "elsewhere.example/other:x", "--tag", "y"], ["elsewhere.example/other:x", "NAME:y"]),
    ],
)
@pytest.mark.parametrize("buildx", [True, False])
def test_names_and_pushes(made: Path, tmp_path: Path, arguments: list[str], names: list[str], buildx: bool) -> None:
    log = tmp_path / "log"
    answer = "exit 0" if buildx else 'test "$1" != buildx && echo "Docker version 20.10.24"'
    program(tmp_path / "bin", "docker", f'echo "$DOCKER_BUILDKIT $*" >>{log}; {answer}\n')
    ended = build(made, *arguments, PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    name = f"{ORGANISATION.slug}-{ORGANISATION.repository_prefix}-aligner"
    whole = [text.replace("NAME", name) for text in names]
    assert (ended.returncode, ended.stdout.split()) == (0, whole), ended.stderr
    (built,) = [line for line in log.read_text().splitlines() if "--file" in line]
    assert built.startswith(" buildx build" if buildx else "1 build")
    assert [given.removeprefix("--tag=") for given in built.split() if given.startswith("--tag=")] == whole
    assert "--push" not in built
    assert ("--load" in built) is buildx
    pushed = [line.split()[-1] for line in log.read_text().splitlines() if " push " in line]
    assert pushed == (whole if "--push" in arguments else [])


@pytest.mark.parametrize("made", ["uv"], indirect=True)  # a conda environment has no extras
@pytest.mark.parametrize(
    ("table", "arguments", "expected"),
    [
        ("", (), None),
        ('[tool.rnd.extras]\ndefault = ["cpu"]\n', (), None),
        (
            '[tool.rnd.extras]  # where\ngpu = ["x"]\nimage = [\n  "cu130",\n  \'plots\',\n]\n',
            (),
            "--extra=cu130 --extra=plots",
        ),
        ('[tool.rnd.extras]\nimage = ["cpu"]\n[tool.other]\n', ("--extra", "cu130"), "--extra=cu130"),
        ('[tool.rnd.extras]\n[tool.other]\nimage = ["cpu"]\n', (), None),
    ],
)
def test_the_extras_of_the_image(
    tmp_path: Path, made: Path, table: str, arguments: tuple[str, ...], expected: str | None
) -> None:
    program(tmp_path / "bin", "docker", f'printf "%s\\n" "$@" >>{tmp_path / "log"}\n')
    manifest = made / "pyproject.toml"
    before = manifest.read_text()
    manifest.write_text(before + table)
    try:
        assert build(made, *arguments, PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin").returncode == 0
    finally:
        manifest.write_text(before)
    given = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("--build-arg=EXTRAS")]
    assert given == ([] if expected is None else [f"--build-arg=EXTRAS={expected}"])


def test_several_platforms_are_built_and_pushed_in_one(made: Path, tmp_path: Path) -> None:
    log, path = tmp_path / "log", f"{tmp_path / 'bin'}:/usr/bin:/bin"
    program(tmp_path / "bin", "docker", f"echo $* >>{log}\n")
    arguments = ("--platform", "linux/amd64,linux/arm64", "--tag", "a")
    assert build(made, *arguments, "--push", PATH=path).returncode == 0
    (built,) = [line.split() for line in log.read_text().splitlines() if "--file" in line]
    assert "--push" in built
    assert " push " not in log.read_text()
    refused = build(made, *arguments, PATH=path)
    assert (refused.returncode, refused.stderr.count("need --push, and Docker with buildx")) == (1, 1)
    program(tmp_path / "bin", "docker", 'test "$1" != buildx && echo "Docker version 20.10.24"\n')
    refused = build(made, *arguments, "--push", PATH=path)
    assert (refused.returncode, refused.stderr.count("need --push, and Docker with buildx")) == (1, 1)


def test_indexes_come_from_the_environment_and_reach_the_build_as_a_secret_alone(made: Path, tmp_path: Path) -> None:
    log, secret = tmp_path / "log", tmp_path / "secret"
    program(tmp_path / "bin", "docker", f'echo $* >>{log}; printf %s "$BUILD_INDEXES" >{secret}\n')
    password = 'it\'s $(a) "word" \\ of % all sorts'
    given = {
        "UV_DEFAULT_INDEX": "mirror=https://ada:word@mirror.example/simple/",
        "UV_INDEX_LAB_PASSWORD": password,
        "UV_PUBLISH_TOKEN": "for publishing alone",
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))} | given
    command = [sys.executable, str(made / "docker" / "build.py")]
    subprocess.run(command, env=environ, capture_output=True, check=True)
    assert "--secret=id=indexes,env=BUILD_INDEXES" in log.read_text()
    assert "word" not in log.read_text()
    said = subprocess.run(
        ["/usr/bin/env", "-i", "sh", "-c", f". {secret}; env -0"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    assert {line for line in said if line.startswith(("UV_", "PIP_"))} == {
        f"UV_DEFAULT_INDEX={given['UV_DEFAULT_INDEX']}",
        f"UV_INDEX_LAB_PASSWORD={password}",
        "PIP_INDEX_URL=https://ada:word@mirror.example/simple/",
    }
