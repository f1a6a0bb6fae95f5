"""Pull requests: opened, held by rules, merged in three ways by real git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fake_github_tests.acme import client, git, refused

if TYPE_CHECKING:
    from typing import Literal

    from fake_github_tests.acme import Acme


def test_a_pull_request_waits_for_its_checks(acme: Acme) -> None:
    acme.protect("all-green")
    sha = acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    assert acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data.mergeable_state == "blocked"
    expected = 'Repository rule violations found\n\nRequired status check "all-green" is expected.\n\n'
    assert refused(lambda: acme.merge(number, "squash")) == (405, expected)
    acme.pass_check(sha, conclusion="failure")
    assert refused(lambda: acme.merge(number, "squash")) == (405, expected)
    acme.pass_check(sha)
    assert acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data.mergeable_state == "clean"
    assert acme.merge(number, "squash") == "feat: drive (#1)"
    merged = acme.ada.rest.pulls.get("Acme", "rover", number).parsed_data
    assert (merged.merged, merged.state, merged.merged_by and merged.merged_by.login) == (True, "closed", "ada")


def test_a_branch_behind_is_brought_up_to_date_first(acme: Acme) -> None:
    acme.protect("all-green")
    for name in ("one", "two"):
        acme.pass_check(acme.clone.branch(name, f"feat: {name}", **{name: name}))
        acme.open_pull(name, f"feat: {name}")
    acme.merge(1, "merge")
    assert acme.ada.rest.pulls.get("Acme", "rover", 2).parsed_data.mergeable_state == "behind"
    assert refused(lambda: acme.merge(2, "merge"))[0] == 405
    acme.ada.rest.pulls.update_branch("Acme", "rover", 2, data={})
    head = acme.ada.rest.pulls.get("Acme", "rover", 2).parsed_data.head.sha
    acme.pass_check(head)
    acme.merge(2, "merge")


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("merge", "Merge pull request #1 from Acme/feature\n\nfeat: drive and turn"),
        ("squash", "feat: drive and turn (#1)\n\n* feat: drive\n\n* fix: turn\n\nBREAKING CHANGE: the other way"),
        ("rebase", "fix: turn\n\nBREAKING CHANGE: the other way"),
    ],
)
def test_each_way_of_merging_leaves_its_message(
    acme: Acme, method: Literal["merge", "squash", "rebase"], expected: str
) -> None:
    acme.ada.rest.repos.update(
        "Acme", "rover", squash_merge_commit_title="PR_TITLE", squash_merge_commit_message="COMMIT_MESSAGES"
    )
    acme.clone.branch("feature", "feat: drive", drive="on")
    acme.clone.commit("fix: turn\n\nBREAKING CHANGE: the other way", turn="left")
    acme.clone.push("feature")
    number = acme.open_pull("feature", "feat: drive and turn")
    assert acme.merge(number, method) == expected
    git(acme.clone.folder, "fetch", "--quiet", str(bare(acme)), "main")
    shown = git(acme.clone.folder, "ls-tree", "--name-only", "FETCH_HEAD")
    assert shown.split() == ["drive.txt", "notes.txt", "turn.txt"]
    parents = git(acme.clone.folder, "log", "--max-count=1", "--format=%P", "FETCH_HEAD").split()
    assert len(parents) == {"merge": 2}.get(method, 1)


def bare(acme: Acme) -> object:
    repository = acme.hub.state.repository("Acme/rover")
    assert repository is not None
    return repository.folder


def test_a_single_commit_gives_its_own_title_by_default(acme: Acme) -> None:
    acme.clone.branch("feature", "fix: what the commit says\n\nIts body.")
    number = acme.open_pull("feature", "feat: what the title says")
    assert acme.merge(number, "squash") == "fix: what the commit says (#1)\n\nIts body."


def test_a_way_of_merging_can_be_forbidden(acme: Acme) -> None:
    acme.ada.rest.repos.update("Acme", "rover", allow_rebase_merge=False)
    acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    forbidden = "Rebase merges are not allowed on this repository."
    assert refused(lambda: acme.merge(number, "rebase")) == (405, forbidden)


def test_what_conflicts_is_not_merged(acme: Acme) -> None:
    acme.clone.branch("one", "feat: one", notes="one")
    acme.clone.branch("two", "feat: two", notes="two")
    acme.open_pull("one", "feat: one")
    acme.open_pull("two", "feat: two")
    acme.merge(1, "merge")
    assert acme.ada.rest.pulls.get("Acme", "rover", 2).parsed_data.mergeable_state == "dirty"
    assert refused(lambda: acme.merge(2, "merge")) == (405, "Pull Request is not mergeable")


def test_a_head_that_moved_is_not_merged(acme: Acme) -> None:
    old = acme.clone.branch("feature", "feat: drive")
    acme.open_pull("feature", "feat: drive")
    acme.clone.commit("feat: drive further", drive="far")
    acme.clone.push("feature")
    moved = (409, "Head branch was modified. Review and try the merge again.")
    assert refused(lambda: acme.ada.rest.pulls.merge("Acme", "rover", 1, sha=old)) == moved


def test_one_pull_request_for_a_branch_and_only_with_commits(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive")
    acme.open_pull("feature", "feat: drive")
    again = refused(lambda: acme.open_pull("feature", "feat: again"))
    assert again == (422, "A pull request already exists for Acme:feature.")
    assert acme.clone.push("main:same").returncode == 0
    assert refused(lambda: acme.open_pull("same", "none")) == (422, "No commits between main and same")
    assert refused(lambda: acme.open_pull("nowhere", "none")) == (422, "invalid")


def test_the_branch_goes_when_it_was_merged(acme: Acme) -> None:
    acme.ada.rest.repos.update("Acme", "rover", delete_branch_on_merge=True)
    acme.clone.branch("feature", "feat: drive")
    acme.open_pull("feature", "feat: drive")
    acme.merge(1, "squash")
    assert refused(lambda: acme.ada.rest.repos.get_branch("Acme", "rover", "feature")) == (404, "Branch not found")


def test_a_pull_request_comes_from_a_fork(acme: Acme) -> None:
    acme.ada.rest.repos.update("Acme", "rover", private=False)
    token = acme.hub.add_user("eve")
    eve = client(acme.hub, token)
    eve.rest.repos.create_fork("Acme", "rover")
    git(acme.clone.folder, "switch", "--quiet", "--create", "theirs")
    sha = acme.clone.commit("fix: steer", steer="straight")
    theirs = acme.clone.with_token(token)
    assert theirs.push("theirs").returncode == 128  # no right to the organisation's own
    fork = type(theirs)(theirs.folder, acme.hub, f"{acme.hub.url}/eve/rover.git", token)
    assert fork.push("theirs").returncode == 0
    pull = eve.rest.pulls.create("Acme", "rover", title="fix: steer", head="eve:theirs", base="main").parsed_data
    assert (pull.head.repo and pull.head.repo.full_name, pull.base.repo.full_name, pull.head.sha) == (
        "eve/rover",
        "Acme/rover",
        sha,
    )
    assert refused(lambda: eve.rest.pulls.merge("Acme", "rover", pull.number))[0] == 403
    acme.merge(pull.number, "rebase")


def test_comments_are_updated_in_place(acme: Acme) -> None:
    acme.clone.branch("feature", "feat: drive")
    number = acme.open_pull("feature", "feat: drive")
    bot = client(acme.hub, acme.hub.workflow_token("Acme/rover", {"pull_requests": "write"}))
    made = bot.rest.issues.create_comment("Acme", "rover", number, body="0.1.0").parsed_data
    bot.rest.issues.update_comment("Acme", "rover", made.id, body="0.2.0")
    found: Any = acme.ada.rest.issues.list_comments("Acme", "rover", number).json()
    assert [(one["body"], one["user"]["login"]) for one in found] == [("0.2.0", "github-actions[bot]")]
    powerless = client(acme.hub, acme.hub.workflow_token("Acme/rover", {"contents": "read"}))
    refusal = refused(lambda: powerless.rest.issues.create_comment("Acme", "rover", number, body="no"))
    assert refusal == (403, "Resource not accessible by integration")
