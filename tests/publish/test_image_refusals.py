"""`rnd release image` where it makes no image: what is not as it was, not committed, not published, or no good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.loopback import Answer
    from tests.helpers.image_sandbox import Sandbox


@pytest.mark.usefixtures("small_image")
def test_another_content_under_the_version_is_refused(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.publish()
    assert sandbox.release("--quiet") == 0
    before = sandbox.images()
    with (sandbox.folder / "docker" / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    sandbox.commit("build: more")
    for options in ([], ["--plan"]):
        capsys.readouterr()
        assert sandbox.release(*options) == 1
        said = capsys.readouterr().err
        assert f"error[digest-mismatch]: {sandbox.repository}:0.1.0 was made from sha256:" in said
        assert len(set(re.findall(r"sha256:[0-9a-f]{64}", said))) == 2
    assert sandbox.images() == before


def test_what_is_not_committed_is_refused(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.publish()
    (sandbox.folder / "notes.txt").write_text("more\n")
    manifest = sandbox.folder / "pyproject.toml"
    manifest.write_text(manifest.read_text() + "# more\n")
    assert sandbox.release() == 2
    assert "error[uncommitted-changes]: Not committed: notes.txt." in capsys.readouterr().err
    (sandbox.folder / "notes.txt").unlink()
    manifest.write_text(manifest.read_text() + "[tool.more]\n")
    assert sandbox.release() == 2
    assert "Not committed: pyproject.toml." in capsys.readouterr().err


def test_the_package_must_be_published_first(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox.release() == 1
    said = capsys.readouterr().err
    assert f"error[package-missing]: {sandbox.index.url}simple/ has no wheel of {sandbox.name} 0.1.0." in said
    assert "rnd release package" in said


def test_a_wheel_that_is_not_the_one_of_the_digest_is_not_installed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another wheel comes to lie on the index between the look and the build."""
    sandbox.publish()
    (wheel,) = sandbox.index.folder.iterdir()
    there = wheel.read_bytes()

    def change(_: str, act: Callable[[], Answer]) -> Answer:
        wheel.write_bytes(there + b"\0")
        return act()

    sandbox.registry.around = change
    assert sandbox.release("--quiet") == 1
    assert "error[image-build-failed]" in capsys.readouterr().err
    assert sandbox.images() == {}


def test_a_build_that_fails(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.publish()
    dockerfile = sandbox.folder / "docker" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "RUN echo this cannot work && exit 1\n")
    sandbox.commit("build: break it")
    assert sandbox.release("--quiet") == 1
    said = capsys.readouterr().err
    assert "error[image-build-failed]: The image could not be built:" in said
    assert "this cannot work" in said
    (sandbox.folder / "docker" / "build.py").unlink()
    sandbox.commit("build: remove it")
    assert sandbox.release("--quiet") == 2
    assert "has no docker/build.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tag", "a:b"], "'a:b' cannot be a tag"),
        (["--tag", "x" * 129], "cannot be a tag"),
        (
            [option for tag in "abcdef" for option in ("--tag", tag)],
            "This registry lets at most 5 tags of a repository move.",
        ),
        (["--registry", "user:word@registry.example"], "without credentials"),
        (["--registry", "https://registry.example"], "without a scheme"),
    ],
)
def test_options_that_are_no_good(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    sandbox.publish()
    assert sandbox.release(*options) == 2
    assert said in capsys.readouterr().err
