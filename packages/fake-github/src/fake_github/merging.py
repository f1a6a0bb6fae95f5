"""Merging: by a merge commit, squashed, or rebased, each made by real git in a work tree of its own.

What both APIs do, and what they refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import events, pushes
from fake_github import git_repository as bare
from fake_github.answers import Refused
from fake_github.clock import now
from fake_github.process import CommandFailed
from fake_github.rules import active_rulesets, may_bypass, merge_obstacles

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github.git_repository import Commit
    from fake_github.hub import Hub
    from fake_github.state import Document, PullRequest, Repository, Token

SWITCHES = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
NAMES = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
MODIFIED = "Head branch was modified. Review and try the merge again."


def merge(hub: Hub, token: Token, repository: Repository, pull: PullRequest, wanted: Document) -> str:
    """Merge a pull request and return the commit.

    Args:
        hub: Where.
        token: Of the one who merges.
        repository: That the pull request is in.
        pull: The pull request.
        wanted: As the body of `PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge`.

    Raises:
        Refused: A rule or a setting forbids it, or the branches conflict.
    """
    method = wanted.get("merge_method", "merge")
    _check(hub, token, repository, pull, method, wanted.get("sha", pull.head))
    title, message = commit_message(repository, pull, method)
    title, message = wanted.get("commit_title", title), wanted.get("commit_message", message)
    try:
        made = _make(token, repository, pull, method, f"{title}\n\n{message}".strip())
    except CommandFailed as error:
        raise Refused(405, "Pull Request is not mergeable") from error
    before = bare.refs(repository.folder)
    bare.run(repository.folder, "update-ref", f"refs/heads/{pull.base_branch}", made, pull.base)
    pull.state, pull.merged_by, pull.merge_commit = "closed", token.account, made
    pull.closed_at = pull.merged_at = pull.updated_at = now()
    pushes.follow(hub, token, repository, before)
    events.record_pull(hub, token, repository, pull, "closed")
    _delete_branch(hub, token, repository, pull)
    return made


def _check(hub: Hub, token: Token, repository: Repository, pull: PullRequest, method: str, head: str) -> None:
    if pull.state == "closed" or pull.draft or bare.mergeable(repository.folder, pull.base, pull.head) is None:
        raise Refused(405, "Pull Request is still a draft" if pull.draft else "Pull Request is not mergeable")
    if not repository.settings[SWITCHES[method]]:
        raise Refused(405, f"{NAMES[method]} are not allowed on this repository.")
    if head != pull.head:
        raise Refused(409, MODIFIED)
    modes = {"always", "pull_request", "exempt"}
    held = [one for one in active_rulesets(repository) if not may_bypass(hub, repository, one, token, modes)]
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


def _make(token: Token, repository: Repository, pull: PullRequest, method: str, message: str) -> str:
    """Make the commits of a merge and return the last."""
    who = pushes.identity(token.account if method == "merge" else pull.author)
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


def _delete_branch(hub: Hub, token: Token, repository: Repository, pull: PullRequest) -> None:
    if not repository.settings["delete_branch_on_merge"] or pull.head_repository is not repository:
        return
    before = bare.refs(repository.folder)
    bare.run(repository.folder, "update-ref", "-d", f"refs/heads/{pull.head_branch}")
    pushes.follow(hub, token, repository, before)
