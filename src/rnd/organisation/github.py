"""The `github` part of org.yml: who owns the repositories, who may do what, and how each one is set. Touches nothing.

What each key does is written in GitHub's documentation under the name that it has there:
https://docs.github.com/en/rest/repos/repos#update-a-repository and, for `main`,
https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rnd.organisation.forms import GitHubName, RepositoryName, Strict, Text, Topic

Permission = Literal["pull", "triage", "push", "maintain", "admin"]
MergeMethod = Literal["squash", "merge", "rebase"]
# The titles and messages that GitHub takes together.
SQUASHED = ("PR_TITLE PR_BODY", "PR_TITLE BLANK", "PR_TITLE COMMIT_MESSAGES", "COMMIT_OR_PR_TITLE COMMIT_MESSAGES")
MERGED = ("PR_TITLE PR_BODY", "PR_TITLE BLANK", "MERGE_MESSAGE PR_TITLE")


class Features(Strict):
    """Which tabs a repository has."""

    issues: bool = Field(description="issues")
    projects: bool = Field(description="projects")
    wiki: bool = Field(description="wiki")


class Merging(Strict):
    """How pull requests are merged."""

    methods: Annotated[list[MergeMethod], Field(min_length=1)] = Field(
        description="squash, merge, rebase: those allowed"
    )
    squash_title: Literal["PR_TITLE", "COMMIT_OR_PR_TITLE"] = Field(description="title of a squashed commit")
    squash_message: Literal["PR_BODY", "COMMIT_MESSAGES", "BLANK"] = Field(description="message of a squashed commit")
    merge_title: Literal["PR_TITLE", "MERGE_MESSAGE"] = Field(description="title of a merge commit")
    merge_message: Literal["PR_BODY", "PR_TITLE", "BLANK"] = Field(description="message of a merge commit")
    automatic: bool = Field(description="whether a pull request may be merged by itself once its checks pass")
    update_branch: bool = Field(description="whether a button brings a branch up to date")
    delete_branch: bool = Field(description="whether a merged branch is deleted")

    @model_validator(mode="after")
    def _goes_together(self) -> Merging:
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("methods holds one of them twice")
        for kind, known in (("squash", SQUASHED), ("merge", MERGED)):
            pair = f"{getattr(self, f'{kind}_title')} {getattr(self, f'{kind}_message')}"
            if pair not in known:
                raise ValueError(f"{kind}_title and {kind}_message are {pair}; GitHub takes {', '.join(known)}")
        return self


class Protection(Strict):
    """The ruleset of `main`; that nobody forces a push to it, or deletes it, is not a choice."""

    required_check: Text = Field(description="the one check that must pass: the job that waits for all others")
    up_to_date: bool = Field(description="whether a branch must hold all of `main` before it is merged")
    approvals: Annotated[int, Field(ge=0, le=10)] = Field(description="reviews that a pull request needs")
    resolve_conversations: bool = Field(description="whether every conversation must be resolved first")
    bypass: list[Text] = Field(
        description="who may go past it: `organisation-owners`, `repository-admins`, or the name of a team",
        examples=[["organisation-owners"]],
    )


class Actions(Strict):
    """What workflows may do."""

    shared_with: Literal["none", "organization"] = Field(
        description="who may use the actions of a private repository: none or organization"
    )
    token: Literal["read", "write"] = Field(description="what a workflow's own token may do unless it asks for more")
    approve_pull_requests: bool = Field(description="whether a workflow may approve pull requests")


class Environment(Strict):
    """The deployment environment that publishing runs in."""

    name: Text = Field(description="its name, which the trust policy of the publishing role names too")
    branches: Annotated[list[Text], Field(min_length=1)] = Field(description="branches that may use it")


class Settings(Strict):
    """How each repository is set."""

    visibility: Literal["private", "internal", "public"] = Field(
        description="private, public, or internal: for all of the enterprise that owns the organisation"
    )
    features: Features = Field(description="its tabs")
    topics: list[Topic] = Field(description="topics that it is found by; a team may add others")
    merging: Merging = Field(description="how pull requests are merged")
    main: Protection = Field(description="how `main` is protected")
    actions: Actions = Field(description="what workflows may do")
    environment: Environment = Field(description="where publishing runs")


class GitHub(Strict):
    """Who owns the repositories, which teams may do what, and how each repository is set."""

    owner: GitHubName = Field(description="organisation that owns the repositories")
    client_id: Text | None = Field(
        default=None,
        description="client id of the organisation's OAuth app, which people sign in by with a browser; no secret",
    )
    protected_names: list[RepositoryName] = Field(
        description="repository names that no project may take", examples=[["lab-template"]]
    )
    teams: dict[GitHubName, Permission] = Field(description="team: pull, triage, push, maintain or admin")
    repository: Settings = Field(description="how each repository is set; `rnd github check` compares")
    attestations: bool = Field(
        description="attest what is published; private repositories can on GitHub Enterprise Cloud alone"
    )
