"""Read and write the branches at which repositories call the shared actions. Runs git in a temporary repository."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from rnd import git, process
from rnd.errors import UsageError
from rnd.fleet.errors import LedgerUnwritten
from rnd.fleet.ledger import Ledger, read_ledger
from rnd.version.tags import parse_release, preference, releases

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rnd.fleet.ledger import Entry
    from rnd.organisation import Organisation
    from rnd.process import Completed

ATTEMPTS = 3  # times that another push can come first
AUTHOR = ("-c", "user.name=rnd", "-c", "user.email=rnd@localhost")


class Remote(NamedTuple):
    """The template's repository.

    Attributes:
        url: Its address.
        token: What git signs in with; None to leave that to git.
        server: The server that the token is for.
    """

    url: str
    token: str | None
    server: str


def change(remote: Remote, organisation: Organisation, plan: Callable[[Ledger], list[Entry]]) -> list[Entry]:
    """Make the commits of a plan and push them, never by force. Return what was pushed.

    If another push comes first, the plan is made again from what is there then.

    Args:
        remote: The template's repository.
        organisation: The values of org.yml.
        plan: Returns the commits for a ledger.

    Raises:
        LedgerUnwritten: The repository cannot be read, or it refused the push.
        UsageError: The plan names a release without a tag.
    """
    said = ""
    for _ in range(ATTEMPTS):
        with TemporaryDirectory(prefix="rnd-ledger-") as temporary:
            clone = _Clone(Path(temporary), remote)
            branches = clone.fetch_branches(organisation)
            entries = plan(read_ledger(branches))
            if not entries:
                return []
            made = {one.branch: clone.commit(one, organisation) for one in entries}
            refspecs = [f"{commit}:{full_name(branch)}" for branch, commit in made.items()]
            ended = clone.run("push", "--quiet", "--no-verify", "--atomic", remote.url, *refspecs)
        if ended.returncode == 0:
            return entries
        said = process.last_words(ended)
        if "non-fast-forward" not in said and "fetch first" not in said:
            break
    raise LedgerUnwritten(f"The branches of the shared actions were not changed:\n{said}")


def read(remote: Remote, organisation: Organisation) -> Ledger:
    """Return the ledger.

    Raises:
        LedgerUnwritten: The repository cannot be read.
    """
    with TemporaryDirectory(prefix="rnd-ledger-") as temporary:
        return read_ledger(_Clone(Path(temporary), remote).fetch_branches(organisation))


def full_name(branch: str) -> str:
    """Return the ref of a branch; org.yml may have it in full."""
    return branch if branch.startswith("refs/") else f"refs/heads/{branch}"


class _Clone:
    """A bare repository with the last commits of the branches."""

    def __init__(self, folder: Path, remote: Remote) -> None:
        self.folder = folder
        self.remote = remote
        self.listed: dict[str, str] = {}
        git.make_temporary(folder)

    def run(self, *arguments: str) -> Completed:
        return git.signed_in(self.folder, self.remote.token, self.remote.server, *arguments)

    def _must(self, *arguments: str) -> str:
        ended = self.run(*arguments)
        if ended.returncode != 0:
            raise LedgerUnwritten(f"git {arguments[0]} {self.remote.url} failed:\n{process.last_words(ended)}")
        return ended.stdout

    def fetch_branches(self, organisation: Organisation) -> Mapping[str, str | None]:
        """Return the message of the last commit of each branch."""
        self.listed = {
            name: commit for commit, name in map(str.split, self._must("ls-remote", self.remote.url).splitlines())
        }
        template = organisation.template
        branches = (template.workflow_ref, template.canary_ref)
        there = [branch for branch in branches if full_name(branch) in self.listed]
        self._fetch([full_name(branch) for branch in there])
        return {
            branch: git.run(self.folder, "log", "-1", "--format=%B", self.listed[full_name(branch)])
            if branch in there
            else None
            for branch in branches
        }

    def _fetch(self, refs: list[str]) -> None:
        if refs:
            refspecs = [f"+{ref}:{ref}" for ref in refs]
            self._must("fetch", "--quiet", "--depth=1", "--no-tags", self.remote.url, *refspecs)

    def commit(self, entry: Entry, organisation: Organisation) -> str:
        """Make a commit: on the branch, else on the one that it is split from, with the tree of the release."""
        template = organisation.template
        bases = [full_name(branch) for branch in (entry.branch, template.workflow_ref)]
        base = next((self.listed[name] for name in bases if name in self.listed), None)
        release = self._release(entry.release) if entry.release is not None else None
        parents = [one for one in (base, None if entry.takes_back else release) if one is not None]
        options = [option for parent in dict.fromkeys(parents) for option in ("-p", parent)]
        tree = f"{release or base}^{{tree}}"
        return git.run(self.folder, *AUTHOR, "commit-tree", tree, *options, "-m", entry.message)

    def _release(self, release: str) -> str:
        """Return the commit of a release."""
        tags = [name.removeprefix("refs/tags/") for name in self.listed if name.startswith("refs/tags/")]
        named = [one for one in releases(tags) if one[0] == parse_release(release)]
        if not named:
            raise UsageError(f"The template has no release {release}.", "Choose one of its tags.")
        ref = f"refs/tags/{max(named, key=preference)[1]}"
        self._fetch([ref])
        return git.run(self.folder, "rev-parse", f"{ref}^{{commit}}")
