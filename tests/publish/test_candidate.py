"""From the index to a candidate, and from there to a release: real builds, a real registry, a real index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.publish.image import INPUTS
from rnd.publish.registry import Registry
from tests.helpers.image_sandbox import IMAGE

if TYPE_CHECKING:
    from tests.helpers.image_sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("small_image")


def promote(sandbox: Sandbox, digest: str) -> int:
    """Promote a candidate."""
    source = f"candidate/{sandbox.name}@{digest}"
    return cli.main(["release", "promote", "--version", "0.1.0", "--from", source, "--quiet"])


def test_a_candidate_is_promoted_by_its_digest(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "4242")
    sandbox.publish()
    (wheel,) = sandbox.index.content().values()
    for _ in range(2):
        capsys.readouterr()
        assert sandbox.release("--identity", "candidate", "--wheel-sha256", wheel, "--json") == 0
        made = json.loads(capsys.readouterr().out)
    assert [step["result"] for step in made["steps"]] == ["done", "done"]
    assert made["image"] == f"{sandbox.registry.host}/candidate/{sandbox.name}:0.1.0-run.4242"
    assert made["tags"] == ["0.1.0-run.4242"]
    for _ in range(2):
        assert promote(sandbox, made["digest"]) == 0
    assert sandbox.images() == dict.fromkeys(("0.1.0", "stable", "latest"), made["digest"])
    assert cli.main([*IMAGE, "--identity", "development", "--plan"]) == 2
    assert "0.1.0 is a release" in capsys.readouterr().err


def test_two_runs_of_one_commit_make_one_image(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a tag of its own. What a person finds under the version is theirs only by its digest."""
    sandbox.publish()
    made = []
    for run in ("1", "2"):
        monkeypatch.setenv("GITHUB_RUN_ID", run)
        capsys.readouterr()
        assert sandbox.release("--identity", "candidate", "--json") == 0
        made.append(json.loads(capsys.readouterr().out))
    assert [step["result"] for one in made for step in one["steps"]] == ["applied", "applied", "done", "applied"]
    assert [one["tags"] for one in made] == [["0.1.0-run.1"], ["0.1.0-run.2"]]
    assert made[0]["digest"] == made[1]["digest"]
    assert promote(sandbox, made[0]["digest"]) == 0
    capsys.readouterr()
    assert sandbox.release("--quiet") == 1
    assert "error[image-exists]" in capsys.readouterr().err
    assert sandbox.release("--quiet", "--digest", made[1]["digest"]) == 0
    assert sandbox.images() == dict.fromkeys(("0.1.0", "stable", "latest"), made[0]["digest"])


def test_a_forged_image_with_the_label_is_not_promoted_over(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody pushes an image of their own, with the label that the release will have, before the release."""
    sandbox.publish()
    assert sandbox.release("--json") == 0
    forged = json.loads(capsys.readouterr().out)
    docker = sandbox.folder / "docker" / "Dockerfile"
    docker.write_text(docker.read_text() + 'ENV RELEASED="by main"\n')
    sandbox.commit("build: more")
    assert sandbox.release("--identity", "candidate", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    registry = Registry(sandbox.registry.host, "AWS", sandbox.registry.token)
    there = registry.look(sandbox.name, "0.1.0")
    assert there is not None
    assert there.labels[INPUTS] == forged["inputs"]
    assert promote(sandbox, made["digest"]) == 1
    assert "error[digest-mismatch]" in capsys.readouterr().err
    assert sandbox.images()["0.1.0"] == forged["digest"]


def test_a_second_wheel_of_the_version_stops_the_image(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An installer prefers the one with a build tag."""
    sandbox.publish()
    (path,) = sandbox.index.folder.iterdir()
    (digest,) = sandbox.index.content().values()
    other = path.with_name(path.name.replace("-py3", "-1-py3"))
    other.write_bytes(path.read_bytes())
    for options in ([], ["--wheel-sha256", digest]):
        assert sandbox.release("--quiet", *options) == 1
        assert other.name in capsys.readouterr().err
    other.unlink()
    assert sandbox.release("--quiet", "--plan", "--wheel-sha256", "0" * 64) == 1
    assert f"only the wheel sha256:{'0' * 64} is expected" in capsys.readouterr().err
    assert sandbox.name not in sandbox.registry.movable  # nothing was made
