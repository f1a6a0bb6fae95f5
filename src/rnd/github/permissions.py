"""What a token may do in an organisation, and what it lacks. Reads, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.github.errors import GitHubRefused, NotThere
from rnd.github.sign_in import SCOPES

if TYPE_CHECKING:
    from rnd.github.client import Client

# Scopes that hold others; see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps.
HOLDING = {"admin:org": {"write:org", "read:org"}, "write:org": {"read:org"}}

NEEDED_FOR = {
    "repo": "create a private repository",
    "workflow": "push its workflow files",
    "read:org": "see its teams",
}


@dataclass(frozen=True)
class Permissions:
    """What was found.

    Attributes:
        login: Who the token speaks for; empty for a token of a workflow or an app, which speaks for nobody.
        scopes: The token's scopes, or None for a kind of token that has none: fine-grained ones, those of apps.
        is_owner: Whether that is an owner of the organisation.
        plan: The organisation's plan, such as "free" or "team"; None where the token does not see it.
        may_create: Kinds of repository that members may create, each with yes or no; empty where it is not shown.
        lacking: Scopes that are needed, and that the token has not.
        missing: What stands in the way, each in one sentence.
    """

    login: str
    scopes: tuple[str, ...] | None
    is_owner: bool
    plan: str | None
    may_create: dict[str, bool]
    lacking: tuple[str, ...]
    missing: tuple[str, ...]


def examine(client: Client, organisation: str) -> Permissions:
    """Find out what a token may do in an organisation.

    Raises:
        SignInNeeded: The token is not valid.
        SignOnNeeded: The organisation asks for single sign-on.
        GitHubUnavailable: GitHub could not be reached.
    """
    answer = client.answer(lambda kit: kit.rest.users.get_authenticated())
    login = answer.json()["login"]
    scopes = _scopes(answer.headers.get("X-OAuth-Scopes"))
    lacking = _lacking(scopes)
    missing = [f"The token lacks the scope {scope}, needed to {NEEDED_FOR[scope]}." for scope in lacking]
    role = _role(client, organisation)
    if role not in {"admin", "member"} and "read:org" not in lacking:  # without which GitHub does not say
        missing.append(f"{login} is {role} of the organisation {organisation}.")
    found: Any = client.get_or_none(lambda kit: kit.rest.orgs.get(organisation))
    if found is None:
        missing.append(f"There is no organisation {organisation}, or it does not show itself to {login}.")
        found = {}
    plan = found.get("plan")
    keys = {kind: f"members_can_create_{kind}_repositories" for kind in ("private", "internal", "public")}
    may_create = {kind: bool(found[key]) for kind, key in keys.items() if key in found}
    return Permissions(
        login, scopes, role == "admin", plan["name"] if plan else None, may_create, lacking, tuple(missing)
    )


def _scopes(header: str | None) -> tuple[str, ...] | None:
    return None if header is None else tuple(filter(None, map(str.strip, header.split(","))))


def _lacking(scopes: tuple[str, ...] | None) -> tuple[str, ...]:
    if scopes is None:
        return ()
    held = set(scopes).union(*(HOLDING.get(scope, set()) for scope in scopes))
    return tuple(scope for scope in SCOPES if scope not in held)


def _role(client: Client, organisation: str) -> str:
    """Return "admin", "member", or what else whoever asks is to an organisation, in words."""
    try:
        membership = client.read(lambda kit: kit.rest.orgs.get_membership_for_authenticated_user(organisation))
    except NotThere:
        return "no member"
    except GitHubRefused as refused:
        if refused.status != 403 or type(refused) is not GitHubRefused:
            raise
        return "no member, or the token does not say so,"
    return membership["role"] if membership["state"] == "active" else "only an invited member"
