"""`rnd version explain --comment`: one comment on a pull request, kept up to date in place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from fake_github.faults import DROP, once, refusal
from rnd import cli
from rnd.github.client import Client
from rnd.github.push import push
from rnd.version.comment import MARKER

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from fake_github.faults import Drop, Phase
    from tests.helpers.github import Hosting
    from tests.helpers.repository import Repository


@pytest.fixture
def number(package: Repository, hosting: Hosting) -> int:
    """The number of a pull request from the branch that is checked out."""
    there = hosting.publish(package.path)
    package.git("switch", "--quiet", "--create", "change")
    package.commit("feat: a second thing")
    with hosting.client as client:
        push(client, there, package.path, ("change:refs/heads/change",))
        made = client.read(lambda kit: kit.rest.pulls.create(*there, title="feat: x", head="change", base="main"))
    return made["number"]


def comments(hosting: Hosting) -> list[str]:
    return [comment.body for comment in hosting.repository().comments.values()]


def explain(number: int, *options: str) -> int:
    return cli.main(["version", "explain", "--comment", str(number), *options])


def test_one_comment_follows_the_branch(package: Repository, hosting: Hosting, number: int) -> None:
    there = hosting.repository()
    for text in ("a person's own", "> <!-- rnd version explain -->\nquoted"):
        with hosting.client as client:
            client.send(
                lambda kit, text=text: kit.rest.issues.create_comment(hosting.owner, there.name, number, body=text)
            )
    assert explain(number) == 0
    assert explain(number) == 0
    *others, ours = comments(hosting)
    assert others == ["a person's own", "> <!-- rnd version explain -->\nquoted"]
    assert ours.startswith("<!-- rnd version explain -->\n### Next version: `0.5.0`\n")
    package.commit("feat!: all is new")
    assert explain(number) == 0
    assert comments(hosting)[:2] == others
    assert "### Next version: `1.0.0`" in comments(hosting)[2]
    assert len(comments(hosting)) == 3


def test_a_plan(hosting: Hosting, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(number, "--plan") == 0
    assert f"write the explanation into its comment on {hosting.owner}/demo#{number}" in capsys.readouterr().out
    assert comments(hosting) == []


def test_a_token_makes_org_yml_unnecessary(hosting: Hosting, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pull request runs this, and reading org.yml takes 0.1 s."""
    monkeypatch.setitem(sys.modules, "rnd.organisation", None)
    assert explain(number, "--quiet") == 0
    assert len(comments(hosting)) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("outcome", [DROP, refusal(500, "Server Error"), refusal(429, "Too many", Retry_After="0")])
def test_a_call_that_was_cut_leaves_no_second_comment(
    package: Repository, hosting: Hosting, number: int, method: str, phase: Phase, outcome: Response | Drop
) -> None:
    if method == "PATCH":
        assert explain(number) == 0
        package.commit("feat!: all is new")
    place = f"/api/v3/repos/{hosting.owner}/demo/issues"
    there = next(iter(hosting.repository().comments), 0)
    path = f"{place}/{number}/comments" if method == "POST" else f"{place}/comments/{there}"
    hosting.hub.faults.append(once(method, path, outcome, phase))
    assert explain(number) == 0
    (comment,) = comments(hosting)
    assert ("0.5.0" if method == "POST" else "1.0.0") in comment


def test_no_such_pull_request(hosting: Hosting, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(number + 1) == 1
    assert "error[github-not-there]" in capsys.readouterr().err
    assert comments(hosting) == []


@pytest.mark.parametrize("kind", ["user", "workflow"])
@pytest.mark.parametrize("author", ["user", "app"])
def test_a_comment_of_somebody_else_with_the_same_marker_is_left_alone(
    hosting: Hosting, number: int, author: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The author of such a comment can edit it later, and would then speak as the pipeline."""
    there = hosting.repository()
    there.collaborators["mallory"] = "triage"
    theirs = hosting.hub.add_user("mallory")
    if author == "app":
        theirs = hosting.hub.app_token(there.full_name, {"pull_requests": "write"}, app="mallory")
    with Client(hosting.client.addresses, theirs) as client:
        body = f"{MARKER}### Next version: `9.0.0`"
        client.send(lambda kit: kit.rest.issues.create_comment(hosting.owner, there.name, number, body=body))
    if kind == "workflow":
        token = hosting.hub.workflow_token(there.full_name, {"pull_requests": "write"})
        monkeypatch.setenv("GH_TOKEN", token)
    for _ in range(2):
        assert explain(number) == 0
    other, ours = comments(hosting)
    assert other == body
    assert "### Next version: `0.5.0`" in ours
