"""Creates the repository on GitHub, protects `main` and opens the first pull request.

Content is never accessible without protection: an empty repository is created, and its `main` is protected before
anything else, so that a plan without rulesets stops here. Teams get access only after the push. While `main` does not
exist, repository administrators can bypass its ruleset, because somebody has to push the first commit; afterwards, only
the actors that org.yml lists can. Every step checks GitHub first, so an interrupted run can be resumed at any point.
"""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.errors import ExtraMissing, Interrupted, RndError
from rnd.github.client import find_addresses
from rnd.github.errors import GitHubUnavailable, SignInNeeded
from rnd.github.repository import Repository
from rnd.github.settings.default_branch import default_branch
from rnd.github.settings.plan import before_content, guards
from rnd.github.settings.policy import policy_step
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
    from collections.abc import Callable, Collection, Mapping

    from rnd.answers import Project
    from rnd.organisation import Organisation
    from rnd.plan import State
    from rnd.progress import Started

WITHOUT = "Nothing was created. To skip GitHub, answer no: `--data create_github_repository=false`."


LINKS = {"repository": ("github", "github-repository"), "pull_request": ("pull-request",)}  # kind: keys of steps


@dataclass(frozen=True)
class GitHubSetup:
    """The GitHub part of creating a project.

    Attributes:
        project: The project; its folder may not exist yet.
        repository: Owner and name of the repository on GitHub.
        steps: The steps in order; a single step if GitHub cannot be reached or is set up already.
        close: Closes the connection to GitHub.
    """

    project: Project
    repository: Repository
    steps: tuple[Step, ...]
    close: Callable[[], None] = lambda: None

    def has_started(self, keys: Collection[str]) -> bool:
        """Return whether a plan has reached the GitHub part, so that all earlier steps are done.

        Args:
            keys: The keys of the steps that the plan has started.
        """
        return self.steps[0].key in keys

    def explain(self, error: RndError, started: Started) -> RndError:
        """Add to the hint of an error what exists already, how to continue and how to undo it."""
        links = links_of(started)
        # The command that failed may be copier's, which skips GitHub when it is repeated: always give the rnd command.
        resume = resume_command(self.project)
        lines = [error.hint, f"{self.project.folder} is complete and is kept. To continue, run: {resume}"]
        if links and not isinstance(error, Interrupted):
            lines.append(f"Already on GitHub: {' and '.join(links.values())}.")
        if links:
            undo = f"gh repo delete {self.repository} --yes; git -C {_quoted(self.project)} remote remove origin"
            lines.append(f"To undo instead, run: {undo}")
        error.hint = "\n  ".join(lines)
        return error


def links_of(started: Started) -> dict[str, str]:
    """Return the URLs of what exists on GitHub and belongs to the project, by kind, from the steps that are done."""
    evidence = started.evidence
    return {kind: evidence[key] for kind, keys in LINKS.items() for key in keys if key in evidence}


def open_github(project: Project, organisation: Organisation, environ: Mapping[str, str], *, ask: bool) -> GitHubSetup:
    """Sign in to GitHub and check whether the repository can be created; nothing is created yet.

    Without a token, a terminal or a network, the local steps still run, and the GitHub step fails at the end.

    Args:
        project: The project.
        organisation: The organisation.
        environ: The environment variables.
        ask: Whether the user can be asked to sign in.

    Raises:
        RndError: See `check_name` and `check_remote`.
    """
    addresses = find_addresses(environ)
    there = followed(project.folder, addresses)
    if there is not None:
        page = f"{addresses.server}/{there}"
        return GitHubSetup(project, there, (_single_step(there, partial(done, page)),))
    policy = organisation.github
    repository = Repository(policy.owner, derive_names(project.name, organisation).repository)
    with ExitStack() as stack:
        try:
            check_name(repository.name, policy)
            client = stack.enter_context(connect(environ, policy.client_id, ask=ask))
            remote = Remote(RepositoryContext(client, repository, policy), project.folder)
            check_remote(remote)
        except (ExtraMissing, GitHubUnavailable, SignInNeeded) as blocker:
            return GitHubSetup(project, repository, (_blocked_step(repository, blocker),))
        except RndError as refusal:
            if git.head(project.folder) is None:
                refusal.hint += f"\n  {WITHOUT}"
            raise
        stack.pop_all()
    return GitHubSetup(project, repository, _steps(remote, project), client.close)


def _blocked_step(repository: Repository, blocker: RndError) -> Step:
    """Return the step of a repository that cannot be created: no token, no network, or a missing extra."""

    def refuse() -> None:
        raise blocker

    return _single_step(repository, lambda: needed(blocker.message.splitlines()[0]), refuse)


def _single_step(
    repository: Repository, observe: Callable[[], State], create: Callable[[], None] | None = None
) -> Step:
    text = f"create {repository}, push to it, open the first pull request"
    return Step("github", "Create the repository on GitHub", observe, (Action(text, create),) if create else ())


def _steps(remote: Remote, project: Project) -> tuple[Step, ...]:
    context = remote.context
    first = (repository_step(remote), after_repository(guard_step(remote)), origin_step(remote))
    rest = (
        policy_step(context),
        *(setting.step() for setting in before_content(context)),
        content_step(remote),
        branch_ruleset(context).step(),
        *(setting.step() for setting in guards(context)),
        default_branch(context).step(),
        description_step(remote, f"{project.name}, a research project"),
        *(setting.step() for setting in team_access(context)),
        *pull_request_steps(remote, project.name),
        tracking_step(remote),
    )
    return (*first, *map(after_repository, rest))


def resume_command(project: Project) -> str:
    """Return the command that continues the set-up, for any folder of this machine."""
    if process.stays_on_path("rnd"):
        return f"rnd setup {_quoted(project)}"
    source = project.source.removeprefix("git+")
    if "://" not in source and "@" in source.partition(":")[0]:  # uv does not accept git@host:owner/name.git
        source = "ssh://" + source.replace(":", "/", 1)
    if "://" not in source:
        return f"uv run --project {shlex.quote(source)} --extra github rnd setup {_quoted(project)}"
    return f"uvx --from {shlex.quote(f'rnd-template[github] @ git+{source}')} rnd setup {_quoted(project)}"


def _quoted(project: Project) -> str:
    return shlex.quote(str(project.folder))
