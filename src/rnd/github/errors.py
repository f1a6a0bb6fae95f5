"""The part of the catalogue of errors that GitHub has; see `rnd.errors`. Touches nothing."""

from __future__ import annotations

from rnd.errors import RndError

MINUTE = 60  # seconds


class SignInNeeded(RndError):
    """There is no valid token for GitHub, and none could be had.

    A token is taken from GH_TOKEN, GITHUB_TOKEN, the system keyring or `gh`; where there is none, a terminal is needed
    to sign in with a browser.
    """

    code = "sign-in-needed"
    hint = "Run the same command in a terminal, where you can sign in with a browser, or set GH_TOKEN first."


class GitHubRefused(RndError):
    """GitHub refused a request; the message holds its own words.

    Args:
        message: What was asked for, and what GitHub said.
        status: The HTTP status of the answer.
    """

    code = "github-refused"
    hint = "Check what the token permits and whether the repository is the right one, then run the same command again."

    def __init__(self, message: str, hint: str | None = None, *, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


class NotThere(GitHubRefused):
    """GitHub has no such thing, or does not show it to this token; a private repository looks like none at all."""

    code = "github-not-there"
    hint = "Check the name, and that the token may see it."


class SignOnNeeded(GitHubRefused):
    """The organisation asks for single sign-on, and the token has not been authorised for it."""

    code = "github-sign-on-needed"
    hint = "Open the address, authorise the token for the organisation, then run the same command again."


class AppNotApproved(GitHubRefused):
    """The organisation lets in only apps that it has approved, and the one that the token is from is none of them.

    See https://docs.github.com/en/organizations/managing-oauth-access-to-your-organizations-data.
    """

    code = "github-app-not-approved"
    hint = (
        "Ask an owner to approve the app: the organisation's settings, Third-party Access; or set GH_TOKEN to a token "
        "of your own."
    )


class GitHubUnavailable(RndError):
    """GitHub could not be reached, cut the connection or had a fault of its own, time after time."""

    code = "github-unavailable"
    hint = "Check the network, and run the same command later; what is done is not repeated."


class AlreadyThere(GitHubUnavailable):
    """GitHub says that what was to be made is there already, and yet does not show it.

    Answers are consistent only after a while, so a moment later it may show it.
    """

    code = "github-already-there"


class RateLimited(GitHubUnavailable):
    """GitHub's limits on requests are reached; the message says for how long.

    Args:
        said: What was asked for, and what GitHub said.
        wait: For how long GitHub asks to be left alone, in seconds.
    """

    code = "github-rate-limited"
    hint = "Run the same command after that time; what is done is not repeated."

    def __init__(self, said: str, wait: float) -> None:
        span = f"{wait:.0f} s" if wait < 2 * MINUTE else f"{-(-wait // MINUTE):.0f} minutes"
        super().__init__(f"GitHub limits how much it is asked: {said}. It asks to be left alone for {span}.")
        self.wait = wait


class TeamMissing(RndError):
    """org.yml names a team that the organisation does not have, or does not show to the token."""

    code = "team-missing"
    hint = "Make the team on GitHub or correct org.yml, and check that the token has the scope read:org."


class PlanLacks(GitHubRefused):
    """The organisation's plan on GitHub does not have what org.yml asks for.

    On a free plan, private repositories have no rulesets and no environments; without an enterprise there are no
    internal ones.
    """

    code = "github-plan-lacks"
    hint = "Take a larger plan, or make the repositories public: `github.repository.visibility` in org.yml."


class NotPermitted(RndError):
    """The token, or the person that it speaks for, may not do what is needed; the message lists everything."""

    code = "github-not-permitted"
    hint = "Ask an owner of the organisation."


class NameProtected(RndError):
    """org.yml keeps the name from projects: it is the template's own, or another that nothing may be mistaken for."""

    code = "github-name-protected"
    hint = "Choose another project name."


class NameTaken(RndError):
    """GitHub has a repository of that name, and it was not made from this folder; nothing of it was changed.

    A repository is known to be this project's by its first commit.
    """

    code = "github-name-taken"
    hint = "Choose another project name; or, if it is a left-over of yours, remove it on GitHub first."
