"""Errors of GitHub; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError

MINUTE = 60  # seconds


class SignInNeeded(RndError):
    """No valid token for GitHub is available.

    The token comes from GH_TOKEN, GITHUB_TOKEN, the system keyring or `gh`. Without one, signing in with a browser
    requires a terminal.
    """

    code = "sign-in-needed"
    hint = "Run the same command in a terminal, where you can sign in with a browser, or set GH_TOKEN first."


class GitHubRefused(RndError):
    """GitHub refused a request; the message includes GitHub's answer.

    Args:
        message: The request and GitHub's answer.
        status: The HTTP status of the answer.
    """

    code = "github-refused"
    hint = "Check what the token permits and whether the repository is the right one, then run the same command again."

    def __init__(self, message: str, hint: str | None = None, *, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


class NotThere(GitHubRefused):
    """The resource does not exist, or the token cannot see it; GitHub hides private repositories."""

    code = "github-not-there"
    hint = "Check the name, and that the token has access to it."


class SignOnNeeded(GitHubRefused):
    """The organisation requires single sign-on, and the token is not authorised for it."""

    code = "github-sign-on-needed"
    hint = "Open the address, authorise the token for the organisation, then run the same command again."


class AppNotApproved(GitHubRefused):
    """The organisation allows only approved apps, and the app that issued the token is not approved.

    See https://docs.github.com/en/organizations/managing-oauth-access-to-your-organizations-data.
    """

    code = "github-app-not-approved"
    hint = (
        "Ask an owner to approve the app: the organisation's settings, Third-party Access; or set GH_TOKEN to a token "
        "of your own."
    )


class GitHubUnavailable(RndError):
    """GitHub could not be reached, closed the connection or returned server errors, on every attempt.

    Args:
        message: The request and what happened to it.
        status: The HTTP status of the answer; 0 without an answer.
    """

    code = "github-unavailable"
    hint = "Check the network, and run the same command later; completed steps are skipped."

    def __init__(self, message: str, hint: str | None = None, *, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


class QueryTooHeavy(RndError):
    """GitHub did not answer a query in time, or stopped it because it needs too much of GitHub's resources."""

    code = "github-query-too-heavy"
    hint = "Run the same command later."


class AlreadyThere(GitHubUnavailable):
    """GitHub reports that the resource to create already exists, but does not show it.

    GitHub is eventually consistent, so a later request may show it. Otherwise it is one that you cannot see: a
    member of an organisation does not see every private repository, and names are unique across all of them.
    """

    code = "github-already-there"
    hint = (
        "Run the same command in a minute. If the answer is the same, the name belongs to something that you cannot "
        "see: choose another name, or ask an owner of the organisation."
    )


class RateLimited(GitHubUnavailable):
    """GitHub's rate limit is reached; the message states for how long.

    Args:
        said: The request and GitHub's answer.
        wait: The time until the next request is allowed, in seconds.
    """

    code = "github-rate-limited"
    hint = "Run the same command after that time; completed steps are skipped."

    def __init__(self, said: str, wait: float) -> None:
        span = f"{wait:.0f} s" if wait < 2 * MINUTE else f"{-(-wait // MINUTE):.0f} minutes"
        super().__init__(f"GitHub limits the rate of requests: {said}. Its limit ends in {span}.")
        self.wait = wait


class TeamMissing(RndError):
    """org.yml names a team that does not exist, or that the token cannot see."""

    code = "team-missing"
    hint = "Create the team on GitHub or correct org.yml, and check that the token has the scope read:org."


class PlanLacks(GitHubRefused):
    """The organisation's plan on GitHub does not include a feature that org.yml requires.

    On a free plan, private repositories have no rulesets and no environments; without an enterprise there are no
    internal ones.
    """

    code = "github-plan-lacks"
    hint = "Upgrade the plan, or make the repositories public: `github.repository.visibility` in org.yml."


class MainUnproven(RndError):
    """A repository that joins has no merged pull request on which the required check passed.

    Protected before, `main` would require a check that may never report. Everything else is applied.
    """

    code = "github-main-unproven"
    hint = "Merge its pull request once the check is green, then run the same command again."
    exit_code = ExitCode.DIFFERENCE


class ActionsLimited(RndError):
    """A policy of the organisation on GitHub prevents the pipeline from running; the message lists the reasons."""

    code = "github-actions-limited"
    hint = (
        "Ask an owner to change it under Settings, Actions, General of the organisation; "
        "`rnd doctor --organisation` checks all of it."
    )


class NotPermitted(RndError):
    """The token or its owner lacks permissions; the message lists all of them."""

    code = "github-not-permitted"
    hint = "Ask an owner of the organisation."


class NameProtected(RndError):
    """org.yml reserves the name: it is the template's own, or another that projects must not use."""

    code = "github-name-protected"
    hint = "Choose another project name."


class NameTaken(RndError):
    """GitHub has a repository of that name, and it was not made from this folder; nothing of it was changed.

    A repository is known to be this project's by its first commit.
    """

    code = "github-name-taken"
    hint = "Choose another project name; or, if it is a left-over of yours, remove it on GitHub first."
