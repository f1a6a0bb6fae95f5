"""A tag alone cannot choose the next version: a jump needs a version in `pyproject.toml` that explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.version.tags import next_below, one_step_below

if TYPE_CHECKING:
    from tests.helpers.repository import Repository

RELEASES = ("1.2.0", "1.2.1", "1.3.0", "1.2.2", "v1.4", "0.9.0", "nightly", "9.0.0-rc.1")


@pytest.mark.parametrize(
    ("tag", "below"),
    [
        ("1.4.1", ["v1.4"]),
        ("1.5.0", ["v1.4"]),
        ("2.0.0", ["1.2.0", "1.2.1", "1.2.2", "1.3.0", "v1.4"]),
        ("1.2.3", ["1.2.2"]),
        ("1.0.0", ["0.9.0"]),
        ("0.1.0", []),
        ("1.4.2", []),
        ("1.6.0", []),
        ("2.1.0", []),
        ("2.0.1", []),
        ("2026.1.0", []),
        ("nightly", []),
    ],
)
def test_the_releases_one_step_below(tag: str, below: list[str]) -> None:
    assert sorted(one_step_below(tag, {*RELEASES, tag})) == below


def test_the_next_release_below() -> None:
    assert next_below("2026.1.0", RELEASES) == "v1.4"
    assert next_below("0.1.0", RELEASES) is None
    assert next_below("nightly", RELEASES) is None


@pytest.fixture
def project(released: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose last two releases are 0.4.1 and, on a commit that anybody may tag, another one."""
    monkeypatch.chdir(released.path)
    released.manifest("0.4.1")
    released.commit("feat: a")
    return released


@pytest.mark.parametrize("tag", ["v999.0.0", "0.4.3", "0.6.0", "2.0.0"])
@pytest.mark.parametrize("commits", [0, 1])
def test_a_jump_that_nothing_explains_is_refused_and_can_be_accepted(
    project: Repository, tag: str, commits: int, capsys: pytest.CaptureFixture[str]
) -> None:
    project.git("tag", tag)
    project.commit(*["fix: b"] * commits)
    for command in (["next"], ["check"], ["set"]):
        assert cli.main(["version", *command]) == 1
        said = capsys.readouterr().err
        assert "error[unexplained-tag]: " in said
        assert f"tag {tag} is more than one step above 0.4.1, and pyproject.toml has a lower version" in said
        assert f"`git push --delete origin {tag}`" in said
    assert cli.main(["version", "explain"]) == 0
    explained = capsys.readouterr().out
    assert f"It cannot be released: tag {tag} is more than one step above 0.4.1" in explained
    advised = explained.partition("`rnd version set ")[2].partition("`")[0]
    assert cli.main(["version", "set", advised]) == 0
    assert cli.main(["version", "check"]) == 0, "the advice helps"
    project.git("tag", "--delete", tag)
    project.manifest("0.4.1")
    assert cli.main(["version", "next"]) == 0, "and so does the other one"


@pytest.mark.parametrize("tag", ["0.4.2", "0.5.0", "1.0.0"])
def test_one_step_needs_no_explanation(project: Repository, tag: str) -> None:
    project.git("tag", tag)
    project.commit("fix: b")
    assert cli.main(["version", "next"]) == 0


def test_a_second_tag_elsewhere_explains_nothing(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.git("tag", "999.0.0")
    project.git("switch", "--quiet", "--orphan", "other")
    project.commit("feat: b")
    project.git("tag", "998.0.0")
    project.git("switch", "--quiet", "main")
    project.manifest("0.4.1")
    assert cli.main(["version", "next"]) == 1
    assert "error[unexplained-tag]" in capsys.readouterr().err


def test_a_jump_outside_the_past_does_not_matter(project: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    project.git("switch", "--quiet", "--create", "other")
    project.commit("feat: b")
    project.git("tag", "999.0.0")
    project.git("switch", "--quiet", "main")
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr().out == "0.5.0\n"


def test_without_a_version_in_the_manifest_the_tags_are_all_there_is(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.path / "pyproject.toml").write_text('[project]\nname = "demo"\ndynamic = ["version"]\n')
    project.git("tag", "2026.1.0")
    project.commit("fix: b")
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr().out == "2026.1.1\n"
