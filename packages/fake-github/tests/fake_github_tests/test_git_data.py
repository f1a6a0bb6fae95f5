"""Refs, tags, commits, comparisons, checks and releases through the API."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from fake_github_tests.acme import client, git, refused

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme


def test_refs_are_made_moved_and_removed(acme: Acme) -> None:
    data = acme.ada.rest.git
    first = git(acme.clone.folder, "rev-parse", "HEAD")
    second = acme.clone.commit("feat: drive")
    acme.clone.push("main")
    assert data.create_ref("Acme", "rover", ref="refs/heads/old", sha=first).parsed_data.object_.sha == first
    again = refused(lambda: data.create_ref("Acme", "rover", ref="refs/heads/old", sha=first))
    assert again == (422, "Reference already exists")
    data.update_ref("Acme", "rover", "heads/old", sha=second)
    backwards = refused(lambda: data.update_ref("Acme", "rover", "heads/old", sha=first))
    assert backwards == (422, "Update is not a fast forward")
    data.delete_ref("Acme", "rover", "heads/old")
    assert refused(lambda: data.get_ref("Acme", "rover", "heads/old")) == (404, "Not Found")


def test_an_annotated_tag_is_an_object_and_a_ref(acme: Acme) -> None:
    data = acme.ada.rest.git
    sha = git(acme.clone.folder, "rev-parse", "HEAD")
    made = data.create_tag("Acme", "rover", tag="0.1.0", message="First", object_=sha, type="commit").parsed_data
    data.create_ref("Acme", "rover", ref="refs/tags/0.1.0", sha=made.sha)
    assert data.get_ref("Acme", "rover", "tags/0.1.0").parsed_data.object_.type == "tag"
    assert data.get_tag("Acme", "rover", made.sha).parsed_data.object_.sha == sha
    assert [tag.name for tag in acme.ada.rest.repos.list_tags("Acme", "rover").parsed_data] == ["0.1.0"]


def test_two_commits_are_compared(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive", drive="on")
    git(acme.clone.folder, "switch", "--quiet", "main")
    acme.clone.commit("fix: stop", stop="now")
    acme.clone.push("main")
    found = acme.ada.rest.repos.compare_commits("Acme", "rover", "main...feature").parsed_data
    assert (found.status, found.ahead_by, found.behind_by) == ("diverged", 1, 1)
    assert [(file.filename, file.status) for file in found.files or []] == [("drive.txt", "added")]
    whole = acme.ada.rest.repos.get_commit("Acme", "rover", "feature").parsed_data
    assert whole.stats
    assert whole.stats.additions == 1


def test_an_empty_repository_says_so(acme: Acme) -> None:
    acme.ada.rest.repos.create_in_org("Acme", name="empty")
    assert refused(lambda: acme.ada.rest.git.get_ref("Acme", "empty", "heads/main")) == (
        409,
        "Git Repository is empty.",
    )


def test_a_file_is_read_at_a_ref(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive", drive="on\n")
    found: Any = acme.ada.rest.repos.get_content("Acme", "rover", "drive.txt", ref="feature").json()
    assert b64decode(found["content"]) == b"on\n"
    assert refused(lambda: acme.ada.rest.repos.get_content("Acme", "rover", "drive.txt"))[0] == 404


def test_the_last_verdict_on_a_commit_counts(acme: Acme) -> None:
    sha = git(acme.clone.folder, "rev-parse", "HEAD")
    only_apps = refused(lambda: acme.ada.rest.checks.create("Acme", "rover", data={"name": "test", "head_sha": sha}))
    assert only_apps == (403, "You must authenticate via a GitHub App.")
    bot = client(acme.hub, acme.hub.workflow_token("Acme/rover", {"checks": "write", "statuses": "write"}))
    made = bot.rest.checks.create("Acme", "rover", data={"name": "test", "head_sha": sha, "status": "in_progress"})
    bot.rest.checks.update("Acme", "rover", made.parsed_data.id, data={"conclusion": "success"})
    found = acme.ada.rest.checks.list_for_ref("Acme", "rover", "main").parsed_data
    assert [(run.name, run.status, run.conclusion) for run in found.check_runs] == [("test", "completed", "success")]
    bot.rest.repos.create_commit_status("Acme", "rover", sha, state="pending", context="ci")
    bot.rest.repos.create_commit_status("Acme", "rover", sha, state="success", context="ci")
    assert acme.ada.rest.repos.get_combined_status_for_ref("Acme", "rover", "main").parsed_data.state == "success"


def test_a_release_makes_its_tag_once(acme: Acme) -> None:
    repos = acme.ada.rest.repos
    sha = git(acme.clone.folder, "rev-parse", "HEAD")
    made = repos.create_release("Acme", "rover", tag_name="0.1.0", target_commitish=sha, name="0.1.0").parsed_data
    assert acme.ada.rest.git.get_ref("Acme", "rover", "tags/0.1.0").parsed_data.object_.sha == sha
    assert repos.get_release_by_tag("Acme", "rover", "0.1.0").parsed_data.id == made.id
    assert repos.get_latest_release("Acme", "rover").parsed_data.id == made.id
    twice = refused(lambda: repos.create_release("Acme", "rover", tag_name="0.1.0"))
    assert twice == (422, "already_exists")
    nowhere = refused(lambda: repos.create_release("Acme", "rover", tag_name="0.2.0", target_commitish="nowhere"))
    assert nowhere == (422, "invalid")


def test_a_draft_makes_its_tag_when_it_is_published(acme: Acme) -> None:
    repos = acme.ada.rest.repos
    made = repos.create_release("Acme", "rover", tag_name="0.1.0", draft=True).parsed_data
    assert refused(lambda: repos.get_release_by_tag("Acme", "rover", "0.1.0"))[0] == 404
    assert repos.list_tags("Acme", "rover").parsed_data == []
    repos.update_release("Acme", "rover", made.id, draft=False)
    assert [tag.name for tag in repos.list_tags("Acme", "rover").parsed_data] == ["0.1.0"]
