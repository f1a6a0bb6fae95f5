"""Carry out what is decided for one repository: push the branch, open or change the pull request, merge or close it.

Each step looks at what is there, so a run that was killed between two of them is continued by the next one. No step is
sent twice: a pull request takes one request that creates something. Right before a change, the repository is recognised
by its ID.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd import git, process
from rnd.fleet.errors import ChangedSince
from rnd.fleet.reading import mutate
from rnd.fleet.recognition import recognised
from rnd.fleet.update.state import Commit
from rnd.fleet.update.words import BRANCH, Marker, body, title
from rnd.github.client import LONGEST
from rnd.github.errors import GitHubRefused, GitHubUnavailable
from rnd.github.push import BY_CHANCE, clone_url
from rnd.github.repository import Repository
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rnd.fleet.governor import Governor
    from rnd.fleet.inventory import Member
    from rnd.fleet.update.decide import Decision
    from rnd.fleet.update.render import Rendered
    from rnd.fleet.update.state import Pull
    from rnd.github.client import Client
    from rnd.organisation import Organisation

MAIN = "main"
DEPTH = 32  # commits of the update branch that are looked at
TO_DRAFT = """
mutation ToDraft($id: ID!) {
  convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { id isDraft } }
}
"""
TO_READY = """
mutation ToReady($id: ID!) {
  markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { id isDraft } }
}
"""


@dataclass(frozen=True)
class Hands:
    """What acts on GitHub.

    Attributes:
        client: The GitHub client.
        organisation: The values of org.yml.
        governor: Keeps within GitHub's limits.
    """

    client: Client
    organisation: Organisation
    governor: Governor

    def _named(self, one: Member) -> Repository:
        """Return the repository of a member under the name that it had when it was looked at."""
        return Repository(self.organisation.github.owner, one.name)

    def _recognised(self, one: Member) -> Repository:
        """Return the repository of a member under its present name, right before it is changed.

        Raises:
            ChangedSince: It is another repository, archived, or in another organisation.
        """
        return recognised(self.client, self._named(one), one.id)

    def fetch(self, decision: Decision, folder: Path) -> None:
        """Fetch `main` of a repository into a new folder, and its update branch if that has no pull request.

        Raises:
            GitHubRefused: GitHub refused it.
            ChangedSince: `main` is another commit by now, or the branch has commits of somebody else.
        """
        folder.mkdir(parents=True)
        git.make_temporary(folder, bare=False)
        refspecs = [f"+refs/heads/{MAIN}:refs/remotes/origin/{MAIN}"]
        unknown = decision.tip is not None and decision.pull is None
        if unknown:
            refspecs.append(f"+refs/heads/{BRANCH}:refs/remotes/origin/{BRANCH}")
        depth = DEPTH if unknown else 1
        there = self._named(decision.member)
        self._git(there, folder, "fetch", "--quiet", "--no-tags", f"--depth={depth}", refs=refspecs)
        if git.run(folder, "rev-parse", f"refs/remotes/origin/{MAIN}") != decision.main:
            raise ChangedSince(f"{MAIN} changed meanwhile")
        if unknown and not _is_ours(folder):
            raise ChangedSince(f"the branch {BRANCH} has commits of somebody else, and no open pull request")

    def push(self, decision: Decision, rendered: Rendered, folder: Path) -> None:
        """Push the commits, unless they are there.

        Raises:
            ChangedSince: Somebody pushed to the branch meanwhile, or it is not the repository that was looked at.
            GitHubRefused: GitHub refused it.
        """
        known = {one.oid for one in decision.pull.commits} if decision.pull is not None else {decision.tip}
        if rendered.head in known:
            return
        lease = f"--force-with-lease=refs/heads/{BRANCH}:{decision.tip or ''}"
        refspec = f"{rendered.head}:refs/heads/{BRANCH}"
        there = self._recognised(decision.member)
        self._git(there, folder, "push", "--quiet", "--no-verify", lease, refs=[refspec])

    def _git(self, there: Repository, folder: Path, *command: str, refs: Sequence[str]) -> None:
        """Run a command of git that exchanges refs with a repository."""
        url = clone_url(self.client, there)

        def attempt() -> None:
            ended = git.signed_in(folder, self.client.token, self.client.addresses.server, *command, url, *refs)
            if ended.returncode == 0:
                return
            said = self.client.hide(process.last_words(ended))
            if "stale info" in said:
                raise ChangedSince(f"somebody pushed to {BRANCH} meanwhile")
            transient = BY_CHANCE.search(ended.stderr) is not None
            message = f"git {command[0]} {url} failed:\n{said}"
            raise (GitHubUnavailable if transient else GitHubRefused)(message)

        retry(attempt, GitHubUnavailable, self.governor.sleep)

    def pull_request(self, decision: Decision, rendered: Rendered, notes: Mapping[str, str]) -> str:
        """Open the pull request, or bring the open one in order; return its address."""
        release, main = decision.release or "", decision.main or ""
        marker = Marker(release, main, rendered.has_conflict)
        text = body(marker, decision.member.version or "", rendered.files, notes, rendered.lock_error)
        if decision.pull is None:
            return self._create(decision.member, release, text, draft=rendered.has_conflict)
        if rendered.has_conflict != decision.pull.draft:
            was = decision.pull.marker
            if rendered.has_conflict or was is None or was.conflict:  # else somebody made it a draft
                self.set_draft(decision, draft=rendered.has_conflict)
        self._write(decision, decision.pull, title(release), text)
        return decision.pull.url

    def _write(self, decision: Decision, pull: Pull, heading: str, text: str) -> None:
        """Change title and text of a pull request, if they differ."""
        present = (pull.title, pull.body.replace("\r\n", "\n").strip())
        if present != (heading, text.strip()):
            place = (*self._recognised(decision.member), pull.number)
            self.client.send(lambda kit: kit.rest.pulls.update(*place, title=heading, body=text))

    def _create(self, one: Member, release: str, text: str, *, draft: bool) -> str:
        owner, name = self._recognised(one)

        def look() -> Any:  # noqa: ANN401 - a document of GitHub's
            listed = self.client.read(
                lambda kit: kit.rest.pulls.list(owner, name, state="open", head=f"{owner}:{BRANCH}", base=MAIN)
            )
            return listed[0] if listed else None

        found = look() or self.client.create_once(
            look,
            lambda kit: kit.rest.pulls.create(
                owner, name, title=title(release), head=BRANCH, base=MAIN, body=text, draft=draft
            ),
        )
        return str(found["html_url"])

    def set_draft(self, decision: Decision, *, draft: bool) -> None:
        """Make a pull request a draft, or ready for review.

        Raises:
            ChangedSince: It is not in the repository that was looked at.
            GitHubRefused: GitHub answered with an error only for the change, which GraphQL reports with status 200.
        """
        if decision.pull is None:
            return
        self._recognised(decision.member)  # the pull request has an ID, which another owner's has too once it moved
        self.governor.pace("PATCH", "/mutation")
        mutation = TO_DRAFT if draft else TO_READY
        answer = mutate(self.client, self.governor, mutation, {"id": decision.pull.id})
        if not any(answer.data.values()):
            said = "; ".join(str(error.get("message")) for error in answer.errors)[:LONGEST]
            raise GitHubRefused(f"GitHub does not change the draft state: {said or 'it gives no reason'}.")

    def merge(self, decision: Decision) -> None:
        """Merge a pull request if its last commit is still the one that was decided about.

        https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request

        Raises:
            ChangedSince: It has another commit by now, or cannot be merged, or its repository is another one.
        """
        if decision.pull is None:
            return
        pull, place = decision.pull, self._recognised(decision.member)
        method = self.organisation.github.repository.merging.methods[0]
        try:
            self.client.send(lambda kit: kit.rest.pulls.merge(*place, pull.number, sha=pull.head, merge_method=method))
        except GitHubRefused as error:
            found: Any = self.client.read(lambda kit: kit.rest.pulls.get(*place, pull.number))
            if not found["merged"]:
                raise ChangedSince(error.message) from error

    def close(self, decision: Decision) -> None:
        """Close a pull request; its branch stays.

        Raises:
            ChangedSince: It is not in the repository that was looked at.
        """
        if decision.pull is not None:
            place = (*self._recognised(decision.member), decision.pull.number)
            self.client.send(lambda kit: kit.rest.pulls.update(*place, state="closed"))


def _is_ours(folder: Path) -> bool:
    """Return whether the update branch has only commits of `rnd` and the pipeline on top of `main`."""
    form = "%H%x1f%ce%x1f%B%x1e"
    listed = git.run(
        folder, "log", "--first-parent", f"--format={form}", f"refs/remotes/origin/{BRANCH}", f"--max-count={DEPTH}"
    )
    for entry in filter(None, (text.strip("\n") for text in listed.split("\x1e"))):
        oid, email, message = entry.split("\x1f")
        one = Commit(oid, message, email)
        if one.is_update:
            return True
        if not (one.is_conflict or one.is_version):
            return False
    return False
