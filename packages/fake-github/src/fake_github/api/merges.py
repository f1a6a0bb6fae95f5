"""Merging: by a merge commit, squashed, or rebased, each made by real git in a work tree of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import events, pushes
from fake_github import git_repository as bare
from fake_github.answers import Answer, Refused
from fake_github.api.pulls import PULL, pull_of
from fake_github.clock import now
from fake_github.documents.pulls import full_pull
from fake_github.process import CommandFailed
from fake_github.routing import Call, route
from fake_github.rules import active_rulesets, may_bypass, merge_obstacles

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github.git_repository import Commit
    from fake_github.state import Document, PullRequest, Repository

SWITCHES = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
NAMES = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
MODIFIED = "Head branch was modified. Review and try the merge again."


@route(f"PUT {PULL}/merge", role="push")
def merge(call: Call, repository: Repository) -> Answer:
    """Merge a pull request."""
    pull = pull_of(call, repository)
    method = call.body.get("merge_method", "merge")
    _check(call, repository, pull, method)
    title, message = commit_message(repository, pull, method)
    title, message = call.body.get("commit_title", title), call.body.get("commit_message", message)
    try:
        made = _make(call, repository, pull, method, f"{title}\n\n{message}".strip())
    except CommandFailed as error:
        raise Refused(405, "Pull Request is not mergeable") from error
    before = bare.refs(repository.folder)
    bare.run(repository.folder, "update-ref", f"refs/heads/{pull.base_branch}", made, pull.base)
    pull.state, pull.merged_by, pull.merge_commit = "closed", call.caller.account, made
    pull.closed_at = pull.merged_at = pull.updated_at = now()
    pushes.follow(call.hub, call.caller, repository, before)
    events.record_pull(call.hub, call.caller, repository, pull, "closed")
    _delete_branch(call, repository, pull)
    return Answer(200, {"sha": made, "merged": True, "message": "Pull Request successfully merged"})


def _check(call: Call, repository: Repository, pull: PullRequest, method: str) -> None:
    if pull.state == "closed" or pull.draft or bare.mergeable(repository.folder, pull.base, pull.head) is None:
        raise Refused(405, "Pull Request is still a draft" if pull.draft else "Pull Request is not mergeable")
    if not repository.settings[SWITCHES[method]]:
        raise Refused(405, f"{NAMES[method]} are not allowed on this repository.")
    if call.body.get("sha", pull.head) != pull.head:
        raise Refused(409, MODIFIED)
    modes = {"always", "pull_request", "exempt"}
    held = [one for one in active_rulesets(repository) if not may_bypass(call.hub, repository, one, call.caller, modes)]
    said = merge_obstacles(repository, pull, method, held)
    if said:
        raise Refused(405, "Repository rule violations found\n\n" + "\n\n".join(said) + "\n\n")


def commit_message(repository: Repository, pull: PullRequest, method: str) -> tuple[str, str]:
    """Return the title and the message that a repository's settings give to a merge.

    https://docs.github.com/rest/repos/repos#update-a-repository says what each source is.
    """
    settings = repository.settings
    if method == "merge":
        label = f"{pull.head_repository.owner.login}/{pull.head_branch}"
        plain = f"Merge pull request #{pull.number} from {label}"
        title = plain if settings["merge_commit_title"] == "MERGE_MESSAGE" else f"{pull.title} (#{pull.number})"
        body = {"PR_TITLE": pull.title, "PR_BODY": pull.body or "", "BLANK": ""}[settings["merge_commit_message"]]
        return title, body
    commits = bare.commits(repository.folder, pull.head, f"^{pull.base}", "--no-merges")
    single = len(commits) == 1 and settings["squash_merge_commit_title"] == "COMMIT_OR_PR_TITLE"
    title = _subject(commits[0]) if single else pull.title
    source = settings["squash_merge_commit_message"]
    if source == "COMMIT_MESSAGES":
        return f"{title} (#{pull.number})", _messages(commits, single=single)
    return f"{title} (#{pull.number})", (pull.body or "") if source == "PR_BODY" else ""


def _subject(commit: Commit) -> str:
    return commit.message.partition("\n")[0]


def _messages(commits: list[Commit], *, single: bool) -> str:
    """Return what a squash says of its commits: all of each as a list, or the body of the only one."""
    if single:
        return commits[0].message.partition("\n")[2].strip()
    if len(commits) == 1:
        return commits[0].message
    return "\n\n".join(f"* {one.message}" for one in commits)


def _make(call: Call, repository: Repository, pull: PullRequest, method: str, message: str) -> str:
    """Make the commits of a merge and return the last."""
    who = pushes.identity(call.caller.account if method == "merge" else pull.author)
    with bare.work_tree(repository.folder, pull.base) as tree:
        if method == "rebase":
            return _rebase(tree, pull)
        option = "--squash" if method == "squash" else "--no-ff"
        bare.run(tree, "merge", "--quiet", option, "--no-commit", pull.head, extra=who)
        bare.run(tree, "commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message, extra=who)
        return bare.run(tree, "rev-parse", "HEAD")


def _rebase(tree: Path, pull: PullRequest) -> str:
    """Put a pull request's commits on top of its base, the merges among them left out, their authors kept."""
    wanted = bare.run(tree, "rev-list", "--reverse", "--no-merges", f"{pull.base}..{pull.head}").splitlines()
    who = {key: value for key, value in pushes.identity(pull.author).items() if "COMMITTER" in key}
    bare.run(tree, "cherry-pick", "--allow-empty", "--keep-redundant-commits", "--no-ff", *wanted, extra=who)
    return bare.run(tree, "rev-parse", "HEAD")


def _delete_branch(call: Call, repository: Repository, pull: PullRequest) -> None:
    if not repository.settings["delete_branch_on_merge"] or pull.head_repository is not repository:
        return
    before = bare.refs(repository.folder)
    bare.run(repository.folder, "update-ref", "-d", f"refs/heads/{pull.head_branch}")
    pushes.follow(call.hub, call.caller, repository, before)


@route(f"PUT {PULL}/update-branch", role="push")
def update_branch(call: Call, repository: Repository) -> Answer:
    """Merge the base into a pull request's branch."""
    pull = pull_of(call, repository)
    if call.body.get("expected_head_sha", pull.head) != pull.head:
        raise Refused(422, "expected head sha didn’t match current head ref.")  # noqa: RUF001 - GitHub's own
    source = pull.head_repository
    message = f"Merge branch '{pull.base_branch}' into {pull.head_branch}"
    tree = bare.mergeable(repository.folder, pull.head, pull.base)
    if tree is None:
        raise Refused(422, "merge conflict between base and head")
    bare.run(source.folder, "fetch", "--quiet", str(repository.folder), pull.base)
    if source is not repository:
        bare.run(source.folder, "fetch", "--quiet", str(repository.folder), f"refs/pull/{pull.number}/merge")
    parents = ("-p", pull.head, "-p", pull.base)
    made = bare.run(
        source.folder, "commit-tree", tree, *parents, "-m", message, extra=pushes.identity(call.caller.account)
    )
    before = bare.refs(source.folder)
    bare.run(source.folder, "update-ref", f"refs/heads/{pull.head_branch}", made)
    pushes.follow(call.hub, call.caller, source, before)
    document: Document = full_pull(call.hub, repository, pull)
    return Answer(202, {"message": "Updating pull request branch.", "url": document["url"]})
