"""`rnd version check-title --pull-request`: the title as it is now, not as it was when the run was started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.github.push import push

if TYPE_CHECKING:
    from rnd.github.repository import Repository as Place
    from tests.helpers.github import Hosting
    from tests.helpers.repository import Repository


@pytest.fixture
def proposed(package: Repository, hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> tuple[Place, int]:
    """A pull request into `dev` with a feature, whose title says less."""
    there = hosting.publish(package.path)
    monkeypatch.setenv("GITHUB_REPOSITORY", str(there))
    package.git("switch", "--quiet", "--create", "dev")
    package.commit("feat!: all is new on dev")
    package.git("switch", "--quiet", "--create", "change")
    package.commit("feat: a second thing")
    with hosting.client as client:
        push(client, there, package.path, ("dev:refs/heads/dev", "change:refs/heads/change"))
        made = client.read(lambda kit: kit.rest.pulls.create(*there, title="fix: x", head="change", base="dev"))
    package.git("update-ref", "refs/remotes/origin/dev", "dev")
    return there, made["number"]


@pytest.mark.slow
def test_a_title_that_was_mended_passes_when_the_job_is_run_again(
    proposed: tuple[Place, int], hosting: Hosting, capsys: pytest.CaptureFixture[str]
) -> None:
    there, number = proposed
    command = ["version", "check-title", "--pull-request", str(number)]
    assert cli.main(command) == 3
    assert "error[title-mismatch]" in capsys.readouterr().err
    with hosting.client as client:
        client.send(lambda kit: kit.rest.pulls.update(*there, number, title="feat: a second thing"))
    assert cli.main(command) == 0
    assert capsys.readouterr().out == "minor, whichever way it is merged.\n"


def test_one_that_is_not_there(proposed: tuple[Place, int], capsys: pytest.CaptureFixture[str]) -> None:
    _, number = proposed
    assert cli.main(["version", "check-title", "--pull-request", str(number + 1)]) == 1
    assert "error[" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fix: a", "--pull-request", "1"]])
def test_a_title_or_a_pull_request(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["version", "check-title", *arguments])
    assert ended.value.code == 2
