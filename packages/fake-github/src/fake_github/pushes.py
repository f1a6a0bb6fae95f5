"""What follows when refs move: events, updates of pull requests, the default branch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fake_github import events, git_loose, git_refs
from fake_github import git_repository as bare
from fake_github.clock import now

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Account, PullRequest, Repository, Token


def follow(hub: Hub, token: Token, repository: Repository, before: dict[str, str]) -> None:
    """Do what follows from the refs that changed since.

    Args:
        hub: Where.
        token: Of who changed them.
        repository: Whose they are.
        before: All of its refs, before.
    """
    after = bare.refs(repository.folder)
    changed = [
        (ref, before.get(ref, bare.ZERO), after.get(ref, bare.ZERO))
        for ref in sorted({*before, *after})
        if before.get(ref) != after.get(ref)
    ]
    if not changed:
        return
    repository.pushed_at = now()
    branches = [ref.removeprefix("refs/heads/") for ref, _, new in changed if new != bare.ZERO and "/heads/" in ref]
    if branches and f"refs/heads/{repository.default_branch}" not in after:
        repository.default_branch = branches[0]
        bare.run(repository.folder, "symbolic-ref", "HEAD", f"refs/heads/{branches[0]}")
    for update in changed:
        events.record_push(hub, token, repository, update)
    for ref, old, new in changed:
        if ref.startswith("refs/heads/"):
            _follow_branch(hub, token, repository, ref.removeprefix("refs/heads/"), (old, new))


def _follow_branch(hub: Hub, token: Token, repository: Repository, branch: str, ids: tuple[str, str]) -> None:
    old, new = ids
    for base in list(hub.state.repositories.values()):
        for pull in list(base.pulls.values()):
            if pull.state == "closed":
                continue
            if base is repository and pull.base_branch == branch and new != bare.ZERO:
                pull.base = new
                write_refs(base, pull)
            if pull.head_repository is repository and pull.head_branch == branch:
                _follow_pull(hub, token, base, pull, (old, new))


def _follow_pull(hub: Hub, token: Token, base: Repository, pull: PullRequest, ids: tuple[str, str]) -> None:
    old, new = ids
    if new == bare.ZERO:
        pull.state, pull.closed_at = "closed", now()
        events.record_pull(hub, token, base, pull, "closed")
        return
    pull.head, pull.updated_at = new, now()
    write_refs(base, pull)
    events.record_pull(hub, token, base, pull, "synchronize", before=old, after=new)


def rename_branch(hub: Hub, token: Token, repository: Repository, old: str, new: str) -> None:
    """Give a branch another name: as the base of open pull requests, as the default branch, in its protection.

    A pull request from the branch is closed. A rename is not a push, so it starts no run:
    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-branches-in-your-repository/renaming-a-branch
    """
    sha = bare.refs(repository.folder)[f"refs/heads/{old}"]
    bare.run(repository.folder, "branch", "--move", old, new)
    if repository.default_branch == old:
        repository.default_branch = new
        bare.run(repository.folder, "symbolic-ref", "HEAD", f"refs/heads/{new}")
    if old in repository.protection:
        repository.protection[new] = repository.protection.pop(old)
    for pull in repository.pulls.values():
        if pull.state == "open" and pull.base_branch == old:
            pull.base_branch = new
    _follow_branch(hub, token, repository, old, (sha, bare.ZERO))


def write_refs(base: Repository, pull: PullRequest) -> None:
    """Bring a pull request's commits under `refs/pull/`, with the merge that its runs check out, where there is one."""
    folder, name = base.folder, f"refs/pull/{pull.number}"
    if pull.head_repository is not base:
        bare.run(folder, "fetch", "--quiet", str(pull.head_repository.folder), pull.head)
    git_refs.write(folder, f"{name}/head", pull.head)
    tree = bare.mergeable(folder, pull.base, pull.head)
    if tree is None:
        bare.run(folder, "update-ref", "-d", f"{name}/merge")
        return
    git_refs.write(folder, f"{name}/merge", git_loose.write(folder, _merge_commit(pull, tree)))


def _merge_commit(pull: PullRequest, tree: str) -> git_loose.GitObject:
    who = identity(pull.author)
    people = {
        role: f"{who[f'GIT_{role.upper()}_NAME']} <{who[f'GIT_{role.upper()}_EMAIL']}>"
        for role in ("author", "committer")
    }
    message = f"Merge {pull.head} into {pull.base}"
    return git_loose.commit(tree, (pull.base, pull.head), people, int(time.time()), message)


def identity(account: Account) -> dict[str, str]:
    """Return the variables under which git commits for an account, as GitHub itself commits."""
    return {
        "GIT_AUTHOR_NAME": account.name or account.login,
        "GIT_AUTHOR_EMAIL": account.email,
        "GIT_COMMITTER_NAME": "GitHub",
        "GIT_COMMITTER_EMAIL": "noreply@github.com",
    }
