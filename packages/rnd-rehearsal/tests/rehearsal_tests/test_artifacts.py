"""Artifacts: kept for later jobs of the run, under a name that is used once, with the digest that was told."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal.artifacts import TOKEN, Artifacts

if TYPE_CHECKING:
    from rehearsal_tests.workshop import Workshop

HAND_OVER = """\
on: push
permissions: {}
jobs:
  build:
    runs-on: self-hosted
    outputs: {digest: "${{ steps.keep.outputs.artifact-digest }}"}
    steps:
      - run: mkdir -p dist/deep && echo one > dist/a.whl && echo two > dist/deep/b.whl && echo no > dist/.hidden
      - {uses: actions/upload-artifact@v7, id: keep, with: {name: wheel, path: PATH}}
      - run: AFTER
  publish:
    needs: build
    runs-on: self-hosted
    steps:
      - {uses: actions/download-artifact@v8, with: {name: NAME, path: got}}
      - run: echo "files=[$(cd got && find . -type f | sort | xargs)] digest=${{ needs.build.outputs.digest }}"
"""


def push(workshop: Workshop, path: str = "dist/", name: str = "wheel", after: str = "'true'") -> None:
    text = HAND_OVER.replace("PATH", path).replace("NAME", name).replace("AFTER", after)
    workshop.push("main", "ci: hand over", **{".github__workflows__a_yml": text})


@pytest.mark.parametrize(
    ("path", "files"), [("dist/", "./a.whl ./deep/b.whl"), ("dist/*.whl", "./a.whl"), ("dist/a.whl", "./a.whl")]
)
def test_a_later_job_gets_the_files(workshop: Workshop, path: str, files: str) -> None:
    push(workshop, path)
    (run,) = workshop.finished()
    log = workshop.log(run, "publish")
    assert f"files=[{files}]" in log
    (kept,) = workshop.runner.settings.artifacts.kept[run.id]
    assert f"digest={kept.digest}" in log
    assert sorted(f"./{name}" for name in zipfile.ZipFile(io.BytesIO(kept.content)).namelist()) == files.split()


def test_there_is_nothing_of_another_name(workshop: Workshop) -> None:
    push(workshop, name="other")
    (run,) = workshop.finished()
    assert "Artifact not found for name: other" in workshop.log(run, "publish")
    assert run.failed() == ["publish"]


def test_a_later_attempt_has_what_an_earlier_one_kept(workshop: Workshop) -> None:
    allowed = workshop.folder.parent / "allowed"
    push(workshop, name="wheel", path="dist/a.whl")
    text = HAND_OVER.replace("PATH", "dist/a.whl").replace("NAME", "wheel").replace("AFTER", "'true'")
    waits = text.replace(
        "      - {uses: actions/download", f"      - run: test -e {allowed}\n      - {{uses: actions/download"
    )
    workshop.push("main", "ci: wait", **{".github__workflows__a_yml": waits})
    run = workshop.finished()[-1]
    assert run.failed() == ["publish"]
    allowed.touch()
    again = workshop.runner.rerun(run)
    workshop.finished()
    assert again.conclusion == "success"
    everything = workshop.runner.rerun(again, only_failed=False)
    workshop.finished()
    assert everything.conclusion == "success"
    assert [one.attempt for one in workshop.runner.settings.artifacts.kept[run.id]] == [1, 3]


def test_no_token_is_in_a_log(workshop: Workshop) -> None:
    push(workshop, after=f'echo "token=[${TOKEN}]"')
    (run,) = workshop.finished()
    assert "token=[***]" in workshop.log(run, "build")


@pytest.fixture
def artifacts() -> Artifacts:
    return Artifacts()


def token(artifacts: Artifacts, run: int = 1, attempt: int = 1) -> str:
    return artifacts.admit(run, attempt)[TOKEN]


def test_an_artifact_cannot_be_changed(artifacts: Artifacts) -> None:
    first = token(artifacts)
    assert artifacts.answer("PUT", "/wheel", first, b"one")[0] == 201
    assert artifacts.answer("PUT", "/wheel", token(artifacts), b"two")[0] == 409
    assert artifacts.answer("GET", "/wheel", first, b"")[1:] == (
        {"Content-Type": "application/zip", "Digest": hashlib.sha256(b"one").hexdigest()},
        b"one",
    )


def test_what_takes_the_place_of_an_artifact_has_another_id(artifacts: Artifacts) -> None:
    own = token(artifacts)
    before = artifacts.answer("PUT", "/wheel", own, b"one")[2]
    assert artifacts.answer("DELETE", "/wheel", own, b"")[0] == 204
    assert artifacts.answer("PUT", "/wheel", own, b"one")[2] != before


def test_a_token_reaches_its_own_run_while_its_job_runs(artifacts: Artifacts) -> None:
    variables = artifacts.admit(1, 1)
    artifacts.answer("PUT", "/wheel", variables[TOKEN], b"one")
    assert artifacts.answer("GET", "/wheel", token(artifacts, run=2), b"")[0] == 404
    artifacts.end(variables)
    assert artifacts.answer("GET", "/wheel", variables[TOKEN], b"")[0] == 401


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", 'a"', "a:b", "a*"])
def test_a_name_that_github_refuses(artifacts: Artifacts, name: str) -> None:
    assert artifacts.answer("PUT", f"/{name}", token(artifacts), b"one")[0] == 400
