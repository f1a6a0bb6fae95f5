"""A fake GitHub with an organisation in it, its API's generated client, and a work tree whose remote it is."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest
from githubkit import GitHub
from githubkit.exception import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fake_github import FakeGitHub

    Client = GitHub[Any]

SCOPES = {"repo", "workflow", "read:org"}


def client(hub: FakeGitHub, token: str | None) -> Client:
    """Return a client with some token, which asks once."""
    return GitHub(token, base_url=hub.api_url, auto_retry=False)


@dataclass(frozen=True)
class Clone:
    """A work tree whose remote is a repository of the fake GitHub, with a token for pushes."""

    folder: Path
    hub: FakeGitHub
    address: str
    token: str

    def push(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Push, and return the result."""
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        header = f"http.{self.hub.url}/.extraheader=Authorization: Basic {basic}"
        command = ["git", "-c", header, "push", self.address, *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def commit(self, message: str, **files: str) -> str:
        """Commit files, named without their dot and ending, and return the commit's id."""
        for name, text in (files or {"notes": message}).items():
            (self.folder / f"{name}.txt").write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        return git(self.folder, "rev-parse", "HEAD")

    def branch(self, name: str, message: str, start: str = "main", **files: str) -> str:
        """Start a branch, commit to it, push it, and return the commit's id."""
        git(self.folder, "switch", "--quiet", "--create", name, start)
        sha = self.commit(message, **files)
        assert self.push(name).returncode == 0
        return sha

    def with_token(self, token: str) -> Clone:
        """Return the same work tree, with another user's token."""
        return Clone(self.folder, self.hub, self.address, token)


@dataclass(frozen=True)
class Acme:
    """An organisation with one private repository, as one of its owners sees it.

    Attributes:
        ada: An owner's client; the token has every scope that creation needs.
        bob: The client of a member who owns nothing.
        clone: A work tree whose first commit was pushed.
    """

    hub: FakeGitHub
    token: str
    ada: Client
    bob: Client
    clone: Clone

    def protect(self, *checks: str, **more: object) -> int:
        """Protect `main` as the organisation does, and return the ruleset's id."""
        rules: list[Any] = [{"type": "deletion"}, {"type": "non_fast_forward"}, pull_request_rule()]
        if checks:
            rules.append(checks_rule(*checks))
        conditions = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
        ruleset: Any = {"name": "main", "enforcement": "active", "conditions": conditions, "rules": rules, **more}
        return self.ada.rest.repos.create_repo_ruleset("Acme", "rover", data=ruleset).parsed_data.id

    def pass_check(self, sha: str, name: str = "all-green", conclusion: str = "success") -> None:
        """Have an app report a check run."""
        app = client(self.hub, self.hub.app_token("Acme/rover", {"checks": "write"}))
        run: Any = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
        app.rest.checks.create("Acme", "rover", data=run)

    def open_pull(self, branch: str, title: str, body: str = "") -> int:
        """Open a pull request and return its number."""
        made = self.ada.rest.pulls.create("Acme", "rover", title=title, head=branch, base="main", body=body)
        return made.parsed_data.number

    def merge(self, number: int, method: Literal["merge", "squash", "rebase"]) -> str:
        """Merge a pull request, and return the message of the commit that `main` then ends in."""
        sha = self.ada.rest.pulls.merge("Acme", "rover", number, merge_method=method).parsed_data.sha
        return self.ada.rest.git.get_commit("Acme", "rover", sha).parsed_data.message


def pull_request_rule() -> dict[str, object]:
    """Return the rule that every change comes by a pull request."""
    switches = ("dismiss_stale_reviews_on_push", "require_code_owner_review", "require_last_push_approval")
    parameters = dict.fromkeys((*switches, "required_review_thread_resolution"), False)
    return {"type": "pull_request", "parameters": {"required_approving_review_count": 0, **parameters}}


def checks_rule(*names: str) -> dict[str, object]:
    """Return the rule that some checks have passed on a branch that is up to date."""
    wanted = [{"context": name} for name in names]
    parameters = {"strict_required_status_checks_policy": True, "required_status_checks": wanted}
    return {"type": "required_status_checks", "parameters": parameters}


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return the status and the message of a call that must fail; the message of its first field, where it has one."""
    with pytest.raises(RequestFailed) as error:
        call()
    document = error.value.response.json()
    first = next((entry for entry in document.get("errors", []) if isinstance(entry, dict)), {})
    return error.value.response.status_code, first.get("message") or first.get("code") or document["message"]


def git(folder: Path, *arguments: str) -> str:
    """Run git where a test needs it and return what it said."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.removesuffix("\n")
