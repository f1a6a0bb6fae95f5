"""`rnd release publish`: one tag and one release on the commit that was published, in any number of runs."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from fake_github.faults import DROP, refusal
from rnd import cli
from rnd.github import repository as github
from rnd.github.push import push
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from fake_github.faults import Drop, Fault, Phase
    from tests.helpers.github import Hosting
    from tests.helpers.repository import Repository

PUBLISH = ["release", "publish"]
TAG = "0.5.0"


@pytest.fixture
def package(package: Repository, hosting: Hosting) -> Repository:
    """A package that is on the fake GitHub, and whose head is to be 0.5.0; it carries that version already."""
    package.commit("feat: a second thing", "fix: the first one\n\nBut @everybody knew.", "chore: tidy")
    assert cli.main(["version", "set", "--quiet"]) == 0
    package.git("add", "--all")
    package.commit(f"chore(release): set version to {TAG}")
    hosting.publish(package.path)
    hosting.hub.calls.clear()
    return package


def state(hosting: Hosting) -> tuple[dict[str, str], list[str]]:
    """Return the fake GitHub's tags, each with its commit, and the tags that it has releases of."""
    repository = hosting.repository()
    said = git(repository.folder, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags")
    tags = dict(line.split() for line in said.splitlines())
    return tags, [release["tag_name"] for release in repository.releases.values()]


def assert_released(hosting: Hosting, package: Repository) -> None:
    """Check that one more run completes, that the next finds nothing to do, and that all is there once."""
    assert cli.main(PUBLISH) == 0
    tags, releases = state(hosting)
    assert tags[TAG] == package.git("rev-parse", "HEAD")
    assert releases == [TAG]
    hosting.hub.calls.clear()
    assert cli.main(PUBLISH) == 0
    assert {method for method, _, _ in hosting.hub.calls} == {"GET"}


def test_tag_and_release_are_made_once_by_one_call(
    package: Repository, hosting: Hosting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(PUBLISH) == 0
    head = package.git("rev-parse", "HEAD")
    assert f"done ({TAG} is on {head[:7]}: {hosting.hub.url}/{hosting.owner}/demo/releases/" in capsys.readouterr().err
    assert [call[:2] for call in hosting.hub.calls if call[0] != "GET"] == [
        ("POST", f"/api/v3/repos/{hosting.owner}/demo/releases")
    ]
    assert_released(hosting, package)


def test_the_notes_are_those_of_the_explanation(package: Repository, hosting: Hosting) -> None:
    assert cli.main(PUBLISH) == 0
    (release,) = hosting.repository().releases.values()
    short = {line.split(" ", 1)[1]: line[:7] for line in package.git("log", "--format=%H %s").splitlines()}
    assert release["body"] == (
        f"## Features\n\n- feat: a second thing ({short['feat: a second thing']})\n\n"
        f"## Fixes\n\n- fix: the first one ({short['fix: the first one']})\n\n"
        f"## Other changes\n\n- chore: tidy ({short['chore: tidy']})\n\n"
        f"**All changes**: {hosting.hub.url}/{hosting.owner}/demo/compare/0.4.1...0.5.0\n"
    )


@pytest.mark.usefixtures("package")
def test_a_plan_changes_nothing(hosting: Hosting, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*PUBLISH, "--plan"]) == 0
    said = capsys.readouterr().out
    assert f"Plan: release {TAG} of {hosting.owner}/demo. Nothing has been changed." in said
    assert f"• Make the tag and the release (no release; no tag {TAG})" in said
    assert state(hosting)[1] == []


def test_as_data(package: Repository, hosting: Hosting, capsys: pytest.CaptureFixture[str]) -> None:
    for options, result in (["--plan"], "needed"), ([], "applied"), ([], "done"):
        assert cli.main([*PUBLISH, "--json", *options]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [step["result"] for step in document["steps"]] == [result]
        assert (document["tag"], document["commit"]) == (TAG, package.git("rev-parse", "HEAD"))
    assert document["notes"].rstrip() == next(iter(hosting.repository().releases.values()))["body"].rstrip()


def test_the_tag_is_on_this_commit_already(package: Repository, hosting: Hosting) -> None:
    git(hosting.repository().folder, "tag", TAG, package.git("rev-parse", "HEAD"))
    assert_released(hosting, package)


def test_the_tag_is_here_and_there_and_annotated(package: Repository, hosting: Hosting) -> None:
    """Then the head is released already, as far as the version goes, and the notes are still those of its step."""
    package.release(TAG)
    git(hosting.repository().folder, "fetch", "--quiet", str(package.path), "refs/tags/*:refs/tags/*")
    assert cli.main(PUBLISH) == 0
    (release,) = hosting.repository().releases.values()
    assert release["tag_name"] == TAG
    assert "- feat: a second thing" in release["body"]


@pytest.mark.parametrize("annotated", [False, True])
def test_the_tag_is_on_another_commit(
    package: Repository, hosting: Hosting, capsys: pytest.CaptureFixture[str], annotated: bool
) -> None:
    other, head = package.git("rev-parse", "HEAD~1"), package.git("rev-parse", "HEAD")
    options = ("-c", "user.name=A", "-c", "user.email=a@example.com", "tag", "-m", "x", "-a") if annotated else ("tag",)
    git(hosting.repository().folder, *options, TAG, other)
    assert cli.main(PUBLISH) == 1
    assert f"error[tag-taken]: Tag {TAG} of {hosting.owner}/demo is on {other}, and not on {head}." in (
        capsys.readouterr().err
    )
    assert state(hosting)[1] == []


@pytest.mark.usefixtures("hosting")
def test_another_version_than_the_one_that_was_published(
    package: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    package.commit("feat!: something else")
    assert cli.main(PUBLISH) == 3
    assert "error[version-mismatch]: pyproject.toml has 0.5.0, and 1.0.0 comes next" in capsys.readouterr().err


def test_a_commit_that_the_hub_does_not_have(
    package: Repository, hosting: Hosting, capsys: pytest.CaptureFixture[str]
) -> None:
    package.commit("fix: only here")
    assert cli.main(PUBLISH) == 1
    assert "error[github-refused]" in capsys.readouterr().err
    assert state(hosting) == ({"0.4.1": state(hosting)[0]["0.4.1"]}, [])


def test_a_release_for_maintenance_is_not_the_latest(package: Repository, hosting: Hosting) -> None:
    package.git("tag", "7.0.0", package.git("commit-tree", "HEAD^{tree}", "-m", "feat: elsewhere"))
    bodies: list[bytes] = []
    hosting.hub.faults.append(lambda request, _: bodies.append(request.get_data()))
    assert cli.main(PUBLISH) == 0
    assert json.loads(next(filter(None, bodies)))["make_latest"] == "false"


@pytest.mark.parametrize("call", range(3))
@pytest.mark.parametrize(
    "outcome",
    [
        (refusal(401, "Bad credentials"), "before"),
        (refusal(403, "Resource not accessible by integration"), "before"),
        (refusal(404, "Not Found"), "before"),
        (refusal(409, "Conflict"), "before"),
        (refusal(422, "Validation Failed"), "before"),
        (refusal(429, "Too many", Retry_After="0"), "before"),
        (refusal(403, "secondary rate limit", Retry_After="0"), "before"),
        (refusal(500, "Server Error"), "before"),
        (refusal(500, "Server Error"), "after"),
        (DROP, "before"),
        (DROP, "after"),
    ],
    ids=lambda outcome: f"{getattr(outcome[0], 'status_code', 'cut')}-{outcome[1]}",
)
def test_whatever_goes_wrong_with_any_call_one_more_run_completes(
    package: Repository, hosting: Hosting, call: int, outcome: tuple[Response | Drop, Phase]
) -> None:
    """The calls are: look for the tag, look for the release, create; after that it looks again."""
    hosting.hub.faults.append(at(call, *outcome))
    cli.main(PUBLISH)
    assert_released(hosting, package)


def at(number: int, outcome: Response | Drop, phase: Phase) -> Fault:
    """Return a fault of the call with a number, from 0."""
    calls = itertools.count()

    def fault(_: Request, now: Phase) -> Response | Drop | None:
        current = next(calls) if now == "before" else -1
        if now == "before":
            fault.current = current  # pyrefly: ignore[missing-attribute]
        return outcome if now == phase and fault.current == number else None  # pyrefly: ignore[missing-attribute]

    return fault


@pytest.mark.parametrize("kind", ["GITHUB_TOKEN", "without the scope"])
def test_a_release_of_older_workflow_files_is_explained(
    package: Repository,
    hosting: Hosting,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    head = package.git("rev-parse", "HEAD")
    workflow = package.path / ".github" / "workflows" / "later.yml"
    workflow.parent.mkdir(parents=True, exist_ok=True)
    workflow.write_text("on: push\n", encoding="utf-8")
    package.git("add", "--all")
    package.commit("ci: add a workflow")
    with hosting.client as client:
        push(client, github.Repository(hosting.owner, "demo"), package.path, ("refs/heads/main:refs/heads/main",))
    package.git("reset", "--quiet", "--hard", head)
    own = {
        "GITHUB_TOKEN": lambda: hosting.hub.workflow_token(f"{hosting.owner}/demo", {"contents": "write"}),
        "without the scope": lambda: hosting.hub.add_user(hosting.login, {"repo"}),
    }
    monkeypatch.setenv("GH_TOKEN", own[kind]())
    assert cli.main(PUBLISH) == 1
    said = capsys.readouterr().err
    assert "error[workflows-differ]" in said
    assert ".github/workflows/later.yml" in said
    tags, releases = state(hosting)
    assert TAG not in tags
    assert releases == []
    monkeypatch.setenv("GH_TOKEN", hosting.token)
    assert_released(hosting, package)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_killed_at_the_call_that_creates(package: Repository, hosting: Hosting, phase: Phase) -> None:
    path = f"/api/v3/repos/{hosting.owner}/demo/releases"
    process = subprocess.Popen([sys.executable, "-m", "rnd", *PUBLISH], stderr=subprocess.DEVNULL)

    def kill() -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    hosting.hub.faults.append(injected(path, phase, kill))
    assert process.wait(300) == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while not any(call[:2] == ("POST", path) for call in hosting.hub.calls):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert state(hosting)[1] == ([TAG] if phase == "after" else [])
    hosting.hub.faults.clear()
    assert_released(hosting, package)


def injected(path: str, phase: Phase, inject: Callable[[], None]) -> Fault:
    """Return a fault that runs a function at a call that creates, and then cuts the connection."""

    def fault(request: Request, now: Phase) -> Response | Drop | None:
        if (request.method, request.path, now) != ("POST", path, phase):
            return None
        inject()
        return DROP

    return fault


def test_two_at_once_make_one(package: Repository, hosting: Hosting) -> None:
    """The other run creates the release between this one's look and its call."""
    path = f"/api/v3/repos/{hosting.owner}/demo/releases"

    def other() -> None:
        hosting.hub.faults.clear()
        subprocess.run([sys.executable, "-m", "rnd", *PUBLISH, "--quiet"], check=True)

    def fault(request: Request, now: Phase) -> None:
        if (request.method, request.path, now) == ("POST", path, "before"):
            other()

    hosting.hub.faults.append(fault)
    assert cli.main(PUBLISH) == 0
    assert_released(hosting, package)


@pytest.mark.usefixtures("package")
def test_without_a_token(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("GH_TOKEN")
    assert cli.main(PUBLISH) == 1
    assert "error[sign-in-needed]: There is no token for GitHub, and no terminal to sign in on." in (
        capsys.readouterr().err
    )


@pytest.mark.usefixtures("hosting")
def test_outside_of_a_clone_of_a_repository_on_github(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository.path)
    assert cli.main(PUBLISH) == 2
    assert "There is no remote `origin`." in capsys.readouterr().err
