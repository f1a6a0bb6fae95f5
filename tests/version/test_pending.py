"""A release that is still being made: the next pull request counts on from it, and main accepts either version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd import cli

if TYPE_CHECKING:
    from tests.helpers.repository import Repository

ANNOUNCED = "chore(release): set version to 0.5.0"


@pytest.fixture
def main(released: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A main where a feature was merged whose release, 0.5.0, has no tag yet."""
    monkeypatch.chdir(released.path)
    released.commit("feat: a", ANNOUNCED)
    released.manifest("0.5.0")
    return released


def upcoming(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert cli.main(["version", "next", *options]) == 0
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("message", "version"), [("fix: b", "0.5.1"), ("feat: b", "0.6.0"), ("feat!: b", "1.0.0"), ("b", "0.5.1")]
)
def test_the_next_pull_request_counts_on_from_it(
    main: Repository, capsys: pytest.CaptureFixture[str], message: str, version: str
) -> None:
    main.git("switch", "--quiet", "--create", "topic")
    main.commit(message)
    assert upcoming(capsys, "--pending", "main") == version
    main.git("tag", "0.5.0", "main")
    assert upcoming(capsys, "--pending", "main") == version, "made or not, the release counts the same"


def test_its_own_version_commits_do_not_count(main: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    main.git("switch", "--quiet", "--create", "topic")
    main.commit("fix: b", "chore(release): set version to 0.5.1")
    assert upcoming(capsys, "--pending", "main") == "0.5.1"
    main.commit("fix: c")
    assert upcoming(capsys, "--pending", "main") == "0.5.1"


def test_a_squash_announces_it_as_well(
    released: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(released.path)
    released.commit(f"feat: a (#1)\n\n* feat: a\n\n* {ANNOUNCED}")
    released.git("switch", "--quiet", "--create", "topic")
    released.commit("fix: b")
    assert upcoming(capsys, "--pending", "main") == "0.5.1"


@pytest.mark.parametrize(
    "unannounced",
    [
        pytest.param(["feat: a"], id="nothing announced"),
        pytest.param(["feat: a", "chore(release): set version to 0.4.2"], id="another version announced"),
        pytest.param([ANNOUNCED, "feat!: a"], id="more came after it"),
        pytest.param(["feat: a", f"docs: quote\n\n> {ANNOUNCED}"], id="only quoted"),
    ],
)
def test_what_is_not_about_to_be_released_counts_as_commits(
    released: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unannounced: list[str]
) -> None:
    monkeypatch.chdir(released.path)
    released.commit(*unannounced)
    released.git("switch", "--quiet", "--create", "topic")
    released.commit("fix: b")
    assert upcoming(capsys, "--pending", "main") == upcoming(capsys)


@pytest.mark.parametrize("reference", ["0" * 40, "no-such-branch", "main"])
def test_a_reference_that_is_not_in_the_past_is_passed_over(
    main: Repository, capsys: pytest.CaptureFixture[str], reference: str
) -> None:
    main.git("switch", "--quiet", "--create", "elsewhere", "HEAD~2")
    main.commit("fix: b")
    assert upcoming(capsys, "--pending", reference) == "0.4.2"


def test_the_explanation_says_so(main: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    main.git("switch", "--quiet", "--create", "topic")
    main.commit("fix: b")
    assert cli.main(["version", "explain", "--pending", "main", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["reason"] == "1 commit since 0.5.0; 1 of level patch; 0.5.0 itself is still being released"
    assert [commit["subject"] for commit in answer["commits"]] == ["fix: b"]


def check(main: Repository, version: str) -> int:
    main.manifest(version)
    return cli.main(["version", "check", "--pending", "HEAD~2"])


def test_main_accepts_the_version_that_was_counted_on_from_a_release_that_then_failed(
    main: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """0.5.0 will never be, and its commits are in 0.5.1."""
    main.commit("fix: b", "chore(release): set version to 0.5.1")
    assert check(main, "0.5.1") == 0
    assert check(main, "0.5.0") == 0, "as if 0.5.0 had never been announced"
    assert check(main, "0.5.2") == 3
    assert "pyproject.toml has 0.5.2, and 0.5.0 comes next" in capsys.readouterr().err
    main.git("tag", "0.5.0", "HEAD~2")
    assert check(main, "0.5.1") == 0
    assert check(main, "0.5.0") == 3
