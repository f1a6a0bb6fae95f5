"""What tokens without scopes may do: those of apps, of workflow runs, and fine-grained ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from fake_github import permissions
from fake_github.api import ROUTES
from fake_github_tests.acme import client, refused

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github_tests.acme import Acme, Client

OPERATIONS = {entry.operation for entry in ROUTES}
# Where GitHub's table differs from npm's older copy.
SINCE = {
    "GET /repos/{owner}/{repo}/actions/runs": {"contents:read"},
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}": {"contents:read"},
    "GET /repos/{owner}/{repo}/actions/workflows": {"contents:read"},
    "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}": {"contents:read"},
    "GET /repos/{owner}/{repo}/contents/{path}": {"single_file:read"},
    "GET /repos/{owner}/{repo}/check-runs/{check_run_id}": {"contents:read"},
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": {"contents:read"},
    "GET /repos/{owner}/{repo}/pulls/{pull_number}": {"contents:read"},
}


def test_each_operation_of_the_table_is_served() -> None:
    listed = {operation for operations in permissions.TABLE.values() for operation in operations}
    assert listed | set(permissions.ALL_OF) | permissions.NOT_INSTALLATIONS <= OPERATIONS


def test_each_change_needs_a_permission() -> None:
    free = {one for one in OPERATIONS - permissions.NOT_INSTALLATIONS if not one.startswith("GET ")}
    assert not {one for one in free if permissions.alternatives(one) == permissions.METADATA}


def npms_table(folder: Path) -> dict[str, set[str]]:
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    packed = subprocess.run(
        ["npm", "pack", "--silent", "@octokit/app-permissions@2.1.0"], cwd=folder, capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip("npm does not have @octokit/app-permissions here")
    subprocess.run(["tar", "xzf", packed.stdout.decode().strip()], cwd=folder, check=True)
    table = json.loads((folder / "package/generated/api.github.com.json").read_bytes())
    found: dict[str, set[str]] = {}
    for name, entry in table["permissions"].items():
        for level in ("read", "write"):
            for operation in entry.get(level) or []:
                found.setdefault(re.sub(r"{\w+}", "{}", operation), set()).add(f"{name}:{level}")
    return found


def test_the_table_agrees_with_an_older_one_of_others(tmp_path: Path) -> None:
    theirs = npms_table(tmp_path)
    compared = 0
    for operation in sorted(OPERATIONS):
        key = re.sub(r"{\w+}", "{}", operation)
        if key in theirs and operation not in permissions.ALL_OF:
            ours = {need for needed in permissions.alternatives(operation) for need in needed}
            assert ours ^ theirs[key] <= SINCE.get(operation, set()), operation
            compared += 1
    print(f"{compared} operations compared with @octokit/app-permissions")
    assert compared > 50


def test_one_of_several_permissions_is_enough(acme: Acme) -> None:
    acme.clone.branch("topic", "feat: add a topic")
    number = acme.open_pull("topic", "feat: add a topic")
    for held, status in (({"issues": "read"}, 200), ({"pull_requests": "read"}, 200), ({"checks": "write"}, 403)):
        sign_in = {"Authorization": f"Bearer {acme.hub.workflow_token('Acme/rover', held)}"}
        answer = httpx.get(f"{acme.hub.api_url}/repos/Acme/rover/issues/{number}/comments", headers=sign_in)
        assert answer.status_code == status
        if status == 403:
            assert answer.headers["X-Accepted-GitHub-Permissions"] == "issues=read; pull_requests=read"


@pytest.mark.parametrize(
    ("held", "repository", "statuses"),
    [
        ({"contents": "read"}, None, {"git/ref/heads/main": 200, "pulls": 403}),
        ({"pull_requests": "read"}, "Acme/rover", {"git/ref/heads/main": 403, "pulls": 200}),
        ({"contents": "read"}, "Acme/other", {"git/ref/heads/main": 404, "pulls": 404}),
    ],
)
def test_a_fine_grained_token_reads_what_it_names(
    acme: Acme, held: dict[str, str], repository: str | None, statuses: dict[str, int]
) -> None:
    sign_in = {"Authorization": f"Bearer {acme.hub.add_fine_grained('ada', held, repository)}"}
    for path, status in statuses.items():
        answer = httpx.get(f"{acme.hub.api_url}/repos/Acme/rover/{path}", headers=sign_in)
        assert (path, answer.status_code) == (path, status)
        assert "X-OAuth-Scopes" not in answer.headers


def test_a_fine_grained_token_can_do_no_more_than_its_user(acme: Acme) -> None:
    bob = client(acme.hub, acme.hub.add_fine_grained("bob", {"administration": "write"}))
    assert refused(lambda: bob.rest.repos.update("Acme", "rover", description="mine"))[0] == 403


def test_a_workflow_reads_no_teams(acme: Acme) -> None:
    job = client(acme.hub, acme.hub.workflow_token("Acme/rover", {"contents": "write"}))
    assert refused(lambda: job.rest.teams.list("Acme")) == (403, "Resource not accessible by integration")


@pytest.mark.parametrize("kind", ["run", "app", "scopes"])
def test_a_release_of_other_workflow_files_needs_a_permission_for_them(acme: Acme, kind: str) -> None:
    """Two merges, of which the second changes a workflow: the first release is refused while it is being made."""
    first = acme.clone.commit("feat: add a probe")
    (acme.clone.folder / ".github/workflows").mkdir(parents=True)
    (acme.clone.folder / ".github/workflows/on_pr.yml").write_text("on: push\n", encoding="utf-8")
    second = acme.clone.commit("ci: add a workflow")
    assert acme.clone.push("main").returncode == 0
    held = {"contents": "write"}
    tokens = {
        "run": lambda: acme.hub.workflow_token("Acme/rover", held),
        "app": lambda: acme.hub.app_token("Acme/rover", held),
        "scopes": lambda: acme.hub.add_user("ada", scopes={"repo"}),
    }
    weak = client(acme.hub, tokens[kind]())

    def release(by: Client, tag: str, sha: str) -> object:
        return by.rest.repos.create_release("Acme", "rover", tag_name=tag, target_commitish=sha)

    assert refused(lambda: release(weak, "1.0.0", first))[0] == (404 if kind == "scopes" else 403)
    release(weak, "1.1.0", second)
    release(client(acme.hub, acme.hub.app_token("Acme/rover", held | {"workflows": "write"})), "1.0.0", first)
