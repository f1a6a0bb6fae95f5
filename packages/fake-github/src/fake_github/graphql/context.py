"""What the resolvers of one query share: who asks, what the query costs, and what they may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fake_github.graphql.errors import Problem
from fake_github.graphql.sources import Ruleset
from fake_github.routing import scoped
from fake_github.state import Organisation, Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.hub import Hub
    from fake_github.state import Account, Document, Role, Token

REPO, READ_ORG = frozenset({"repo"}), frozenset({"read:org"})


@dataclass
class Context:
    """One query.

    Attributes:
        hub: The fake GitHub.
        token: Of who asks.
        rate: What `rateLimit` answers.
    """

    hub: Hub
    token: Token
    rate: Document
    _owners: dict[int, bool] = field(default_factory=dict)
    _indexed: set[str] = field(default_factory=set)

    def role(self, repository: Repository) -> Role | None:
        """Return what the caller may do in a repository; None if the caller may not even see it.

        The rules are those of the REST API: a private repository needs a role and, for a user's token, the scope
        `repo`; an installation's token reaches its own repository.
        """
        token = self.token
        if token.kind == "user":
            role = self.hub.state.role(token.account, repository)
            return None if repository.private and not scoped(token, REPO) else role
        there = token.repository is None or token.repository.lower() == repository.full_name.lower()
        if not there:
            return None if repository.private else "pull"
        administers = token.permissions.get("administration")
        return "admin" if administers == "write" else "pull"

    def repository(self, owner: str, name: str, *, renamed: bool = True) -> Repository:
        """Return a repository by its name, also by one that it had.

        Raises:
            Problem: There is none that the caller may see.
        """
        state = self.hub.state
        full_name = f"{owner}/{name}"
        found = state.repository(full_name) or (state.renamed(full_name) if renamed else None)
        if found is not None and found.hidden_reads > 0:
            found.hidden_reads -= 1
            found = None
        if found is None or not self.sees(found):
            raise Problem("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
        organisation = state.organisation(found.owner.login)
        if organisation is not None:
            self.check_single_sign_on(organisation)
        return found

    def check_single_sign_on(self, organisation: Organisation) -> None:
        """Refuse a token that is not authorized for an organisation's single sign-on.

        Raises:
            Problem: In GitHub's words.
        """
        tokens = organisation.single_sign_on
        if tokens is not None and self.token.kind == "user" and self.token.value not in tokens:
            message = "Resource protected by organization SAML enforcement. You must grant your OAuth token access to "
            raise Problem("FORBIDDEN", f"{message}this organization.")

    def sees(self, repository: Repository) -> bool:
        """Return whether the caller may see a repository."""
        if not repository.private or self._sees_all_of(repository.owner):  # without its role, which takes longer
            return True
        return self.role(repository) is not None

    def _sees_all_of(self, owner: Account) -> bool:
        """Return whether the caller may see all repositories of an owner, as its members may."""
        if owner.id not in self._owners:
            members = owner.members if isinstance(owner, Organisation) else {}
            token = self.token
            self._owners[owner.id] = token.kind == "user" and token.account.login in members and scoped(token, REPO)
        return self._owners[owner.id]

    def require_organisation_scope(self, name: str) -> None:
        """Refuse a field that is for those who may read an organisation's teams and members.

        https://docs.github.com/en/graphql/guides/forming-calls-with-graphql#authenticating-with-graphql

        Raises:
            Problem: The token lacks `read:org`, or the installation's permission `members`.
        """
        token = self.token
        if token.kind == "user" and not scoped(token, READ_ORG):
            has = ", ".join(f"'{scope}'" for scope in sorted(token.scopes))
            message = (
                "Your token has not been granted the required scopes to execute this query. The "
                f"'{name}' field requires one of the following scopes: ['read:org'], but your token has only been "
                f"granted the: [{has}] scopes. Please modify your token's scopes at: {self.hub.url}/settings/tokens."
            )
            raise Problem("INSUFFICIENT_SCOPES", message)
        if token.kind != "user" and "members" not in token.permissions:
            raise Problem("FORBIDDEN", "Resource not accessible by integration")

    def find(self, kind: str, number: int, build: Callable[[], dict[int, object]]) -> object | None:
        """Return the thing of a kind with an id.

        The index is kept between queries, since a query that collects all repositories makes reading many of them
        quadratic. It is collected again, once in a query, where it does not have the thing as it is now.
        """
        found = self.hub.graphql_indexes.get(kind, {}).get(number)
        if not self._is_current(found) and kind not in self._indexed:
            self._indexed.add(kind)
            self.hub.graphql_indexes[kind] = build()
            found = self.hub.graphql_indexes[kind].get(number)
        return found

    def _is_current(self, found: object | None) -> bool:
        """Return whether something in an index of an earlier query is still there and the same."""
        if isinstance(found, Ruleset):
            kept = found.repository.rulesets.get(found.document["id"])
            return kept is found.document and self._is_current(found.repository)
        return isinstance(found, Repository) and self.hub.state.repository(found.full_name) is found
