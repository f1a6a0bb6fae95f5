"""The permissions of a token in an organisation, and those it lacks. Read-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.github.errors import GitHubRefused, NotThere
from rnd.github.sign_in import SCOPES

if TYPE_CHECKING:
    from rnd.github.client import Client

# Scopes that include others; see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps.
HOLDING = {"admin:org": {"write:org", "read:org"}, "write:org": {"read:org"}}

NEEDED_FOR = {
    "repo": "create a private repository",
    "workflow": "push its workflow files",
    "read:org": "see its teams",
}


@dataclass(frozen=True)
class Permissions:
    """The permissions of a token.

    Attributes:
        login: The user that the token belongs to; empty for tokens of workflows and apps.
        scopes: The token's scopes, or None for tokens without scopes: fine-grained tokens and those of apps.
        is_owner: Whether the user is an owner of the organisation.
        plan: The organisation's plan, such as "free" or "team"; None unless an owner's token has the scope `admin:org`.
        lacking: Required scopes that the token lacks.
        missing: The problems, one sentence each.
    """

    login: str
    scopes: tuple[str, ...] | None
    is_owner: bool
    plan: str | None
    lacking: tuple[str, ...]
    missing: tuple[str, ...]


def examine(client: Client, organisation: str) -> Permissions:
    """Return the permissions of a token in an organisation.

    Raises:
        SignInNeeded: The token is not valid.
        SignOnNeeded: The organisation requires single sign-on.
        GitHubUnavailable: GitHub could not be reached.
    """
    answer = client.answer(lambda kit: kit.rest.users.get_authenticated())
    login = answer.json()["login"]
    scopes = _scopes(answer.headers.get("X-OAuth-Scopes"))
    lacking = _lacking(scopes)
    missing = [f"The token lacks the scope {scope}, needed to {NEEDED_FOR[scope]}." for scope in lacking]
    role = _role(client, organisation)
    if role not in {"admin", "member"} and "read:org" not in lacking:  # without it GitHub hides the role
        missing.append(f"{login} is {role} of the organisation {organisation}.")
    found: Any = client.get_or_none(lambda kit: kit.rest.orgs.get(organisation))
    if found is None:
        missing.append(f"The organisation {organisation} does not exist, or {login} cannot see it.")
        found = {}
    plan = found.get("plan")
    return Permissions(login, scopes, role == "admin", plan["name"] if plan else None, lacking, tuple(missing))


def _scopes(header: str | None) -> tuple[str, ...] | None:
    """Return the scopes in a header; an empty one is that of a token without scopes, such as a fine-grained one."""
    return None if not header else tuple(filter(None, map(str.strip, header.split(","))))


def _lacking(scopes: tuple[str, ...] | None) -> tuple[str, ...]:
    if scopes is None:
        return ()
    held = set(scopes).union(*(HOLDING.get(scope, set()) for scope in scopes))
    return tuple(scope for scope in SCOPES if scope not in held)


def _role(client: Client, organisation: str) -> str:
    """Return "admin", "member", or a description of another relation to the organisation."""
    try:
        membership = client.read(lambda kit: kit.rest.orgs.get_membership_for_authenticated_user(organisation))
    except NotThere:
        return "no member"
    except GitHubRefused as refused:
        if refused.status != 403 or type(refused) is not GitHubRefused:
            raise
        return f"no member, or the token does not say so ({refused.message}),"
    return membership["role"] if membership["state"] == "active" else "only an invited member"
