"""`rnd release image` where it makes no image: what is not as it was, not committed, not published, or no good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.loopback import Answer
    from tests.helpers.image_sandbox import Sandbox


def test_another_content_under_the_version_is_refused(world: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    world.publish()
    assert world.release("--quiet") == 0
    before = world.images()
    with (world.folder / "docker" / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    world.commit("build: more")
    for options in ([], ["--plan"]):
        capsys.readouterr()
        assert world.release(*options) == 1
        said = capsys.readouterr().err
        assert f"error[digest-mismatch]: {world.repository}:0.1.0 was made from sha256:" in said
        assert len(set(re.findall(r"sha256:[0-9a-f]{64}", said))) == 2
    assert world.images() == before


def test_what_is_not_committed_is_refused(world: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    world.publish()
    (world.folder / "notes.txt").write_text("more\n")
    manifest = world.folder / "pyproject.toml"
    manifest.write_text(manifest.read_text() + "# more\n")
    assert world.release() == 2
    assert "error[uncommitted-changes]: Not committed: notes.txt." in capsys.readouterr().err
    (world.folder / "notes.txt").unlink()
    manifest.write_text(manifest.read_text() + "[tool.more]\n")
    assert world.release() == 2
    assert "Not committed: pyproject.toml." in capsys.readouterr().err


def test_the_package_must_be_published_first(world: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.release() == 1
    said = capsys.readouterr().err
    assert f"error[package-missing]: {world.index.url}simple/ has no wheel of {world.name} 0.1.0." in said
    assert "rnd release package" in said


def test_a_wheel_that_is_not_the_one_of_the_digest_is_not_installed(
    world: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another wheel comes to lie on the index between the look and the build."""
    world.publish()
    (wheel,) = world.index.folder.iterdir()
    there = wheel.read_bytes()

    def change(_: str, act: Callable[[], Answer]) -> Answer:
        wheel.write_bytes(there + b"\0")
        return act()

    world.registry.around = change
    assert world.release("--quiet") == 1
    assert "error[image-build-failed]" in capsys.readouterr().err
    assert world.images() == {}


def test_a_build_that_fails(world: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    world.publish()
    dockerfile = world.folder / "docker" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "RUN echo this cannot work && exit 1\n")
    world.commit("build: break it")
    assert world.release("--quiet") == 1
    said = capsys.readouterr().err
    assert "error[image-build-failed]: The image could not be built:" in said
    assert "this cannot work" in said
    (world.folder / "docker" / "build.py").unlink()
    world.commit("build: remove it")
    assert world.release("--quiet") == 2
    assert "has no docker/build.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tag", "a:b"], "'a:b' cannot be a tag"),
        (["--tag", "x" * 129], "cannot be a tag"),
        ([option for tag in "abcdef" for option in ("--tag", tag)], "ECR lets at most 5 tags of a repository move."),
        (["--registry", "user:word@registry.example"], "without credentials"),
        (["--registry", "https://registry.example"], "without a scheme"),
    ],
)
def test_options_that_are_no_good(
    world: Sandbox, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    world.publish()
    assert world.release(*options) == 2
    assert said in capsys.readouterr().err
