"""Push branches to GitHub over HTTP with the client's token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.github.errors import GitHubRefused, GitHubUnavailable
from rnd.retry import retry

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.github.client import Client
    from rnd.github.repository import Repository

# Messages of git for transient errors: of the connection, of GitHub, or rate limits.
BY_CHANCE = re.compile(
    r"(?i)could not resolve|failed to connect|unable to connect|timed out|connection (?:reset|refused|closed)"
    r"|hung up|early eof|empty reply|rpc failed|transfer closed|returned error: (?:429|5\d\d)"
    r"|repository .* not found|internal server error"
)


def push(client: Client, repository: Repository, folder: Path, refspecs: tuple[str, ...]) -> None:
    """Push, and retry transient errors. Idempotent.

    Args:
        client: GitHub.
        repository: The repository on GitHub.
        folder: The local repository.
        refspecs: The refspecs, such as `main:refs/heads/main`.

    Raises:
        GitHubRefused: GitHub refused the push.
        GitHubUnavailable: GitHub could not be reached on any attempt.
    """
    url = clone_url(client, repository)

    def attempt() -> None:
        completed = git.push(folder, url, refspecs, client.token, client.addresses.server)
        if completed.returncode == 0:
            return
        message = f"git push to {url} failed:\n{client.hide(process.last_words(completed))}"
        raise (GitHubUnavailable if BY_CHANCE.search(completed.stderr) else GitHubRefused)(message)

    retry(attempt, GitHubUnavailable)


def clone_url(client: Client, repository: Repository) -> str:
    """Return the HTTP address of a repository for git."""
    return f"{client.addresses.server}/{repository}.git"
