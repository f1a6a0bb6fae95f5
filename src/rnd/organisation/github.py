"""The `github` section of org.yml: owner, permissions and settings of the repositories. No side effects.

GitHub's documentation explains the settings: https://docs.github.com/en/rest/repos/repos#update-a-repository and, for
`main`, https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rnd.organisation.forms import GitHubName, RepositoryName, Strict, Text, Topic, Word

Permission = Literal["pull", "triage", "push", "maintain", "admin"]
MergeMethod = Literal["squash", "merge", "rebase"]
# The combinations of title and message that GitHub accepts.
SQUASHED = ("PR_TITLE PR_BODY", "PR_TITLE BLANK", "PR_TITLE COMMIT_MESSAGES", "COMMIT_OR_PR_TITLE COMMIT_MESSAGES")
MERGED = ("PR_TITLE PR_BODY", "PR_TITLE BLANK", "MERGE_MESSAGE PR_TITLE")


class Features(Strict):
    """Tabs of a repository."""

    issues: bool = Field(description="issues")
    projects: bool = Field(description="projects")
    wiki: bool = Field(description="wiki")


class Merging(Strict):
    """How pull requests are merged."""

    methods: Annotated[list[MergeMethod], Field(min_length=1)] = Field(
        description="allowed merge methods: squash, merge, rebase"
    )
    squash_title: Literal["PR_TITLE", "COMMIT_OR_PR_TITLE"] = Field(description="title of a squashed commit")
    squash_message: Literal["PR_BODY", "COMMIT_MESSAGES", "BLANK"] = Field(description="message of a squashed commit")
    merge_title: Literal["PR_TITLE", "MERGE_MESSAGE"] = Field(description="title of a merge commit")
    merge_message: Literal["PR_BODY", "PR_TITLE", "BLANK"] = Field(description="message of a merge commit")
    automatic: bool = Field(description="allow auto-merge once the checks pass")
    update_branch: bool = Field(description="show a button that updates the branch of a pull request")
    delete_branch: bool = Field(description="delete the branch after the merge")

    @model_validator(mode="after")
    def _goes_together(self) -> Merging:
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("methods contains a duplicate")
        for kind, known in (("squash", SQUASHED), ("merge", MERGED)):
            pair = f"{getattr(self, f'{kind}_title')} {getattr(self, f'{kind}_message')}"
            if pair not in known:
                raise ValueError(f"{kind}_title and {kind}_message are {pair}; GitHub accepts {', '.join(known)}")
        return self


class Protection(Strict):
    """The ruleset of `main`. Force pushes and deletion are always blocked."""

    required_check: Text = Field(description="the required status check: the job that waits for all others")
    up_to_date: bool = Field(description="require branches to be up to date with `main` before merging")
    approvals: Annotated[int, Field(ge=0, le=10)] = Field(description="number of required approving reviews")
    resolve_conversations: bool = Field(description="require all conversations to be resolved before merging")
    bypass: list[Text] = Field(
        description="who can bypass the ruleset: `organisation-owners`, `repository-admins`, or the name of a team",
        examples=[["organisation-owners"]],
    )


class Actions(Strict):
    """Permissions of workflows."""

    shared_with: Literal["none", "organization"] = Field(
        description="who can use the actions of a private repository: none or organization"
    )
    token: Literal["read", "write"] = Field(description="default permissions of the workflow token")
    approve_pull_requests: bool = Field(description="allow workflows to approve pull requests")


class Environment(Strict):
    """The deployment environment of publishing jobs."""

    name: Word = Field(description="its name; the identity `release` exists in it only")
    branches: Annotated[list[Text], Field(min_length=1)] = Field(description="branches that can deploy to it")


class Settings(Strict):
    """Settings of each repository."""

    visibility: Literal["private", "internal", "public"] = Field(
        description="private, public, or internal (visible to the whole enterprise)"
    )
    features: Features = Field(description="tabs of the repository")
    topics: list[Topic] = Field(description="required topics; teams can add more")
    merging: Merging = Field(description="how pull requests are merged")
    main: Protection = Field(description="how `main` is protected")
    actions: Actions = Field(description="permissions of workflows")
    environment: Environment = Field(description="deployment environment of publishing jobs")


class Apps(Strict):
    """The GitHub Apps whose tokens the broker gives to jobs. Their keys stay in AWS KMS."""

    version: Text = Field(
        description="client ID of the app that pushes version commits: Contents: Read and write", examples=["Iv23liA"]
    )
    release: Text = Field(
        description="client ID of the app that creates release tags: Contents and Workflows: Read and write",
        examples=["Iv23liB"],
    )
    release_id: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="app ID of the app `release`; with it, only this app can create release tags",
        examples=[123456],
    )

    @model_validator(mode="after")
    def _two_apps(self) -> Apps:
        if self.version == self.release:
            raise ValueError("version and release are the same app; a pull request could then create release tags")
        return self


class GitHub(Strict):
    """Owner of the repositories, permissions of teams, and settings of each repository."""

    owner: GitHubName = Field(description="organisation that owns the repositories")
    client_id: Text | None = Field(
        default=None,
        description="client ID of the organisation's OAuth app, for signing in with a browser; not a secret",
    )
    protected_names: list[RepositoryName] = Field(
        description="repository names that projects cannot use", examples=[["lab-template"]]
    )
    teams: dict[GitHubName, Permission] = Field(description="team: pull, triage, push, maintain or admin")
    repository: Settings = Field(description="settings of each repository; `rnd github check` compares them")
    apps: Apps | None = Field(
        default=None, description="the GitHub Apps of the broker; without them, jobs use GITHUB_TOKEN"
    )
    attestations: bool = Field(
        description="attest published artifacts; private repositories need GitHub Enterprise Cloud"
    )
