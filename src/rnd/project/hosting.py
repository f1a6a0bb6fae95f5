"""The repository on GitHub, from the name to the protected `main` with its first pull request.

The order keeps content from ever being reachable unprotected: an empty repository is made and set up, its `main` is
protected before there is a commit, then it is pushed, and only then are teams let in. While `main` is missing, those
who administer the repository may go past its ruleset, since somebody has to push the first commit; afterwards nobody
may but those whom org.yml names. Every step asks GitHub first, so whatever ends a run, the next one goes on from there.
"""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.errors import ExtraMissing, Interrupted, RndError
from rnd.github.client import find_addresses
from rnd.github.errors import GitHubUnavailable, SignInNeeded
from rnd.github.repository import Repository
from rnd.github.settings.default_branch import default_branch
from rnd.github.settings.plan import before_content
from rnd.github.settings.ruleset import branch_ruleset
from rnd.github.settings.setting import RepositoryContext
from rnd.github.settings.teams import team_access
from rnd.github.sign_in import connect
from rnd.names import derive_names
from rnd.plan import Action, Step, done, needed
from rnd.project.preflight import check_name, check_remote
from rnd.project.pull_request import pull_request_steps
from rnd.project.remote import (
    Remote,
    after_repository,
    content_step,
    description_step,
    followed,
    guard_step,
    origin_step,
    repository_step,
    tracking_step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rnd.answers import Project
    from rnd.organisation import Organisation
    from rnd.plan import State

WITHOUT = "Nothing was created. To skip GitHub, answer no: `--data create_github_repository=false`."


@dataclass
class Hosting:
    """A project's way to GitHub.

    Attributes:
        project: The project; its folder may still be missing.
        repository: What it is, or is to be, on GitHub.
        remote: The two together; None where GitHub cannot be asked, or need not be.
        obstacle: Why it cannot be asked: no token, no network, no extra.
        links: What is on GitHub and this project's, by its kind, with its address.
        begun: Whether the plan has come to it, so that everything before is done.
    """

    project: Project
    repository: Repository
    remote: Remote | None = None
    obstacle: RndError | None = None
    links: dict[str, str] = field(default_factory=dict)
    begun: bool = False

    def steps(self) -> tuple[Step, ...]:
        """Return the steps that make it, in their order; a single one where GitHub cannot be asked, or need not be."""
        if self.remote is None:
            steps: tuple[Step, ...] = (
                Step("github", "Make the repository on GitHub", self._observe, (self._refuse(),)),
            )
        else:
            steps = _steps(self.remote, self.project)
        return (replace(steps[0], observe=self._beginning(steps[0])), *steps[1:])

    def _beginning(self, step: Step) -> Callable[[], State]:
        def observe() -> State:
            self.begun = True
            return step.observe()

        return observe

    def _observe(self) -> State:
        return needed(self.obstacle.message.splitlines()[0]) if self.obstacle else done(self.links["repository"])

    def _refuse(self) -> Action:
        def refuse() -> None:
            assert self.obstacle is not None  # noqa: S101 - observed just before
            raise self.obstacle

        return Action(f"create {self.repository}, push to it, open the first pull request", refuse)

    def close(self) -> None:
        """Let GitHub go."""
        if self.remote is not None:
            self.remote.context.client.close()

    def explain(self, error: RndError) -> RndError:
        """Return an error that also says what there is by now, how to go on, and how to give up."""
        # The command that failed may be copier's, which skips GitHub when it is repeated: always give the rnd command.
        resume = resume_command(self.project)
        lines = [error.hint, f"{self.project.folder} is complete and is kept. To continue, run: {resume}"]
        if self.links and not isinstance(error, Interrupted):
            lines.append(f"Already on GitHub: {' and '.join(self.links.values())}.")
        if self.links:
            undo = f"gh repo delete {self.repository} --yes; git -C {_quoted(self.project)} remote remove origin"
            lines.append(f"To undo instead, run: {undo}")
        error.hint = "\n  ".join(lines)
        return error


def open_hosting(project: Project, organisation: Organisation, environ: Mapping[str, str], *, ask: bool) -> Hosting:
    """Sign in to GitHub and look whether the repository can be made there; nothing is made yet.

    No token, no terminal, no network: then the rest of the work is done all the same, and the end says what is left.

    Args:
        project: The project.
        organisation: Whose it is.
        environ: The environment variables.
        ask: Whether there is somebody who could sign in.

    Raises:
        RndError: As `check_name` and `check_remote` have it.
    """
    addresses = find_addresses(environ)
    there = followed(project.folder, addresses)
    if there is not None:
        return Hosting(project, there, links={"repository": f"{addresses.server}/{there}"})
    policy = organisation.github
    repository = Repository(policy.owner, derive_names(project.name, organisation).repository)
    with ExitStack() as stack:
        try:
            check_name(repository.name, policy)
            client = stack.enter_context(connect(environ, policy.client_id, ask=ask))
            remote = Remote(RepositoryContext(client, repository, policy), project.folder)
            check_remote(remote)
        except (ExtraMissing, GitHubUnavailable, SignInNeeded) as obstacle:
            return Hosting(project, repository, obstacle=obstacle)
        except RndError as refusal:
            if git.head(project.folder) is None:
                refusal.hint += f"\n  {WITHOUT}"
            raise
        stack.pop_all()
    return Hosting(project, repository, remote, links=remote.links)


def _steps(remote: Remote, project: Project) -> tuple[Step, ...]:
    context = remote.context
    first = (repository_step(remote), origin_step(remote))
    rest = (
        *(setting.step() for setting in before_content(context)),
        guard_step(remote),
        content_step(remote),
        branch_ruleset(context).step(),
        default_branch(context).step(),
        description_step(remote, f"{project.name}, a research project"),
        *(setting.step() for setting in team_access(context)),
        *pull_request_steps(remote, project.name),
        tracking_step(remote),
    )
    return (*first, *map(after_repository, rest))


def resume_command(project: Project) -> str:
    """Return the one command that goes on, as whoever stands anywhere on this machine would type it."""
    if process.stays_on_path("rnd"):
        return f"rnd setup {_quoted(project)}"
    source = project.source.removeprefix("git+")
    if "://" not in source and "@" in source.partition(":")[0]:  # as in git@host:owner/name.git, which uv does not take
        source = "ssh://" + source.replace(":", "/", 1)
    if "://" not in source:
        return f"uv run --project {shlex.quote(source)} --extra github rnd setup {_quoted(project)}"
    return f"uvx --from {shlex.quote(f'rnd-template[github] @ git+{source}')} rnd setup {_quoted(project)}"


def _quoted(project: Project) -> str:
    return shlex.quote(str(project.folder))
