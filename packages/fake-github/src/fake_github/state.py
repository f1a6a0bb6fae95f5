"""What a fake GitHub knows: accounts, tokens, repositories and all that hangs on them. Touches nothing.

The contents of repositories are not here: they are real git repositories, and `git_repository.py` reads them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from fake_github.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Role = Literal["pull", "triage", "push", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("pull", "triage", "push", "maintain", "admin")
Document = dict[str, Any]


@dataclass
class Account:
    """A user, a bot, or an organisation: what can own a repository.

    Attributes:
        id: Unique in a fake GitHub, over all kinds of things.
        login: The name, whose case does not matter when it is asked for.
        kind: What GitHub calls its type.
        private_emails: Addresses that no push of the account may publish, as its settings can say.
    """

    id: int
    login: str
    kind: Literal["User", "Bot", "Organization"] = "User"
    name: str | None = None
    created_at: str = field(default_factory=now)
    private_emails: frozenset[str] = frozenset()

    @property
    def email(self) -> str:
        """The address that the account's commits carry."""
        return f"{self.id}+{self.login}@users.noreply.example.com"


@dataclass
class Team:
    """A team of an organisation.

    Attributes:
        repositories: The full names of the repositories that it reaches, each with the role that it has there.
    """

    id: int
    slug: str
    members: set[str] = field(default_factory=set)
    repositories: dict[str, Role] = field(default_factory=dict)
    created_at: str = field(default_factory=now)


@dataclass
class Organisation(Account):
    """An organisation.

    Attributes:
        plan: "free" has no rulesets for private repositories; "enterprise" is that of one that an enterprise owns.
        members: Each with the role "admin" or "member"; members_create: Whether all of them may create repositories.
        actions: Its settings of Actions, by the parts of the API: limits of those of its repositories.
        base_role: What every member may do in every repository; None for nothing.
        single_sign_on: The tokens that were authorized for its single sign-on; None where it has none.
    """

    plan: str = "team"
    members: dict[str, str] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    members_create: bool = True
    base_role: Role | None = "pull"
    actions: dict[str, Document] = field(default_factory=dict)
    single_sign_on: set[str] | None = None

    @property
    def in_enterprise(self) -> bool:
        """Whether an enterprise owns it, as internal repositories need."""
        return self.plan == "enterprise"


@dataclass
class Token:
    """What a caller shows, and what it allows.

    Attributes:
        kind: "user" is a personal or OAuth token; "app" the web token of a GitHub App; "installation" one of its
            installation; "workflow" the GITHUB_TOKEN of a run, whose pushes start no runs.
        permissions: Of an installation, a workflow or a fine-grained token, as in `{"contents": "write"}`.
        repository: The full name of the only repository that a token without scopes reaches.
        fine_grained: Whether it is a fine-grained personal token.
    """

    account: Account
    value: str = field(repr=False)
    kind: Literal["user", "app", "installation", "workflow"] = "user"
    scopes: frozenset[str] = frozenset()
    permissions: dict[str, str] = field(default_factory=dict)
    repository: str | None = None
    app: Document | None = None
    revoked: bool = False
    fine_grained: bool = False

    @property
    def has_scopes(self) -> bool:
        """Whether scopes say what it allows, and not permissions."""
        return self.kind == "user" and not self.fine_grained


@dataclass
class PullRequest:
    """A pull request; `head` is the last commit that it has, also after its branch is gone."""

    id: int
    number: int
    author: Account
    title: str
    body: str | None
    head_repository: Repository
    head_branch: str
    head: str
    base_branch: str
    base: str
    draft: bool = False
    state: Literal["open", "closed"] = "open"
    merged_by: Account | None = None
    merge_commit: str | None = None
    maintainer_can_modify: bool = False
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None
    merged_at: str | None = None


@dataclass
class Comment:
    """A comment on a pull request."""

    id: int
    number: int
    author: Account
    body: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Issue:
    """An issue; it shares its numbers with pull requests."""

    id: int
    number: int
    author: Account
    title: str
    body: str | None
    state: Literal["open", "closed"] = "open"
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass
class Repository:
    """A repository, and what GitHub keeps beside its git repository.

    Attributes:
        folder: The bare git repository.
        settings: What `PATCH /repos/{owner}/{repo}` changes, by its names there.
        hidden_reads: How many more reads answer 404, as they do on GitHub for some seconds after creation.
        disabled, vulnerability_alerts: Whether GitHub has disabled it, and whether Dependabot alerts are on.
        lock_reason: Why it is locked, as `MIGRATING`; None if it is not.
        mirror_url: What it is a mirror of; None if it is not.
    """

    id: int
    owner: Account
    name: str
    folder: Path
    settings: Document
    parent: Repository | None = None
    hidden_reads: int = 0
    default_branch: str = "main"
    topics: list[str] = field(default_factory=list)
    collaborators: dict[str, Role] = field(default_factory=dict)
    rulesets: dict[int, Document] = field(default_factory=dict)
    protection: dict[str, Document] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    statuses: list[Document] = field(default_factory=list)
    check_runs: dict[int, Document] = field(default_factory=dict)
    releases: dict[int, Document] = field(default_factory=dict)
    environments: dict[str, Document] = field(default_factory=dict)
    variables: dict[str, Document] = field(default_factory=dict)
    actions: dict[str, Document] = field(default_factory=dict)
    attestations: list[Document] = field(default_factory=list)
    workflow_runs: dict[int, Document] = field(default_factory=dict)
    disabled: bool = False
    lock_reason: str | None = None
    mirror_url: str | None = None
    vulnerability_alerts: bool = False
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    pushed_at: str = field(default_factory=now)

    @property
    def full_name(self) -> str:
        """The name with its owner's before it."""
        return f"{self.owner.login}/{self.name}"

    @property
    def private(self) -> bool:
        """Whether strangers do not see it."""
        return bool(self.settings["private"])

    def next_number(self) -> int:
        """Return the number of the next pull request or issue."""
        return max((*self.pulls, *self.issues), default=0) + 1


@dataclass
class State:
    """Everything that a fake GitHub knows.

    Attributes:
        former_names: Names that repositories had, in lower case, each with the repository's id.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    former_names: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: count(1001))

    def account(self, login: str) -> Account | None:
        """Return a user or an organisation, by a name whose case does not matter."""
        return self.accounts.get(login.lower())

    def organisation(self, login: str) -> Organisation | None:
        """Return an organisation, by a name whose case does not matter."""
        found = self.account(login)
        return found if isinstance(found, Organisation) else None

    def repository(self, full_name: str) -> Repository | None:
        """Return a repository, by a name whose case does not matter."""
        return self.repositories.get(full_name.lower())

    def renamed(self, full_name: str) -> Repository | None:
        """Return the repository that had a name."""
        number = self.former_names.get(full_name.lower())
        return next((one for one in self.repositories.values() if one.id == number), None)

    def rename(self, repository: Repository, name: str) -> None:
        """Give a repository another name; the old one leads to it until another repository takes it."""
        old = repository.full_name
        self.former_names[old.lower()] = repository.id
        repository.name = name
        new = repository.full_name
        self.former_names.pop(new.lower(), None)
        self.repositories = {new.lower() if one is repository else key: one for key, one in self.repositories.items()}
        organisation = self.organisation(repository.owner.login)
        for team in organisation.teams.values() if organisation is not None else ():
            if old in team.repositories:
                team.repositories[new] = team.repositories.pop(old)
        for token in self.tokens.values():
            if token.repository == old:
                token.repository = new

    def next_id(self) -> int:
        """Return a number that nothing has yet."""
        return next(self.ids)

    def issue(self, account: Account, prefix: str, **limits: Any) -> Token:  # noqa: ANN401
        """Make a token, under a prefix as GitHub gives each kind its own."""
        token = Token(account, f"{prefix}_{secrets.token_hex(18)}", **limits)
        self.tokens[token.value] = token
        return token

    def role(self, account: Account, repository: Repository) -> Role | None:
        """Return what a user may do in a repository, by ownership, teams, collaboration or its being public."""
        if account is repository.owner:
            return "admin"
        found: list[Role] = [] if repository.private else ["pull"]
        organisation = self.organisation(repository.owner.login)
        if organisation is not None:
            if organisation.members.get(account.login) == "admin":
                return "admin"
            teams = (team for team in organisation.teams.values() if account.login in team.members)
            found += [role for team in teams if (role := team.repositories.get(repository.full_name))]
            found += (
                [organisation.base_role] if account.login in organisation.members and organisation.base_role else []
            )
        found += [role] if (role := repository.collaborators.get(account.login)) else []
        return max(found, key=ROLES.index, default=None)
