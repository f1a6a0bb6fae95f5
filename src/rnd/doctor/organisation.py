"""Checks of the organisation's GitHub: what has to be so before the first repository is created. Read-only.

`docs/first-time.md` explains each answer. Some of it only an owner can see; the finding then says so.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rnd import retry
from rnd.doctor.machine import Finding
from rnd.errors import RndError
from rnd.github.client import PAGE, Client, find_addresses
from rnd.github.errors import GitHubRefused, NotThere, PlanLacks
from rnd.github.permissions import examine
from rnd.github.repository import repository_at
from rnd.github.settings import policy
from rnd.github.settings.oidc import found_values
from rnd.github.sign_in import NO_APP, find_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rnd.github.repository import Repository
    from rnd.organisation import Organisation

    Check = Callable[["Client", Organisation], Finding]

OWNER = (
    "Sign in as an owner: `gh auth refresh --scopes admin:org,repo,workflow`, then `export GH_TOKEN=$(gh auth token)`."
)


def examine_github(organisation: Organisation) -> Iterator[Finding]:
    """Check the organisation on GitHub, one finding for each step of `docs/first-time.md`."""
    addresses = find_addresses(os.environ)
    token = find_token(addresses, os.environ)
    if token is None:
        hint = "rnd github sign-in" if organisation.github.client_id else NO_APP
        yield Finding("GitHub sign-in", "missing", "not signed in", hint)
        return
    with retry.no_retries(), Client(addresses, token.value) as client:
        for name, check in CHECKS.items():
            yield _safely(name, check, client, organisation)


def _safely(name: str, check: Check, client: Client, organisation: Organisation) -> Finding:
    """Return what a check finds; an answer that only owners get is a finding too."""
    try:
        return check(client, organisation)
    except GitHubRefused as error:
        if isinstance(error, NotThere) or error.status == 403:
            return Finding(name, "optional", f"unknown: {error.message}", OWNER)
        return Finding(name, "missing", error.message, error.hint)
    except RndError as error:
        return Finding(name, "missing", error.message, error.hint)


def _member(client: Client, organisation: Organisation) -> Finding:
    found = examine(client, organisation.github.owner)
    if found.missing:
        return Finding(
            "GitHub access", "missing", " ".join(found.missing), "Sign in with another token, or ask an owner."
        )
    role = "owner" if found.is_owner else "member"
    return Finding("GitHub access", "ok", f"{found.login} is {role} of {organisation.github.owner}", "")


def _plan(client: Client, organisation: Organisation) -> Finding:
    """Check whether the plan has what org.yml asks for: rulesets, and internal repositories."""
    github = organisation.github
    plan, visibility = examine(client, github.owner).plan, github.repository.visibility
    if plan is None:
        return Finding("GitHub plan", "optional", "unknown: only owners can see it", OWNER)
    lacks = (plan == "free" and visibility != "public") or (visibility == "internal" and plan != "enterprise")
    if lacks:
        return Finding(
            "GitHub plan", "missing", f"{plan}, which lacks what {visibility} repositories need", PlanLacks.hint
        )
    return Finding("GitHub plan", "ok", plan, "")


def _actions(client: Client, organisation: Organisation) -> Finding:
    owner = organisation.github.owner
    found: Any = client.read(lambda kit: kit.rest.actions.get_github_actions_permissions_organization(owner))
    selected = None
    if found.get("allowed_actions") == "selected":
        selected = client.read(lambda kit: kit.rest.actions.get_allowed_actions_organization(owner))
    wrong = policy.faults(found, selected)
    if wrong:
        return Finding("Actions policy", "missing", " ".join(wrong), "Settings, Actions, General of the organisation")
    return Finding("Actions policy", "ok", "the pipeline can run", "")


def _template(organisation: Organisation) -> Repository | None:
    return repository_at(organisation.template.repository, find_addresses(os.environ))


def _central(client: Client, organisation: Organisation) -> Finding:
    """Check whether the template's repository has the ref that repositories call, and shares its actions."""
    name, there, ref = "Shared actions", _template(organisation), organisation.template.workflow_ref
    if there is None:
        return Finding(name, "optional", f"{organisation.template.repository} is not on this GitHub", "")
    found: Any = client.get_or_none(lambda kit: kit.rest.repos.get(*there))
    if found is None:
        return Finding(name, "missing", f"{there} does not exist, or you cannot see it", "Push the template there.")
    if client.get_or_none(lambda kit: kit.rest.git.get_ref(*there, f"heads/{ref}")) is None:
        return Finding(name, "missing", f"{there} has no branch {ref}", f"git push origin main:{ref}")
    if found["visibility"] != "public":
        access: Any = client.read(lambda kit: kit.rest.actions.get_workflow_access_to_repository(*there))
        if access["access_level"] not in {"organization", "enterprise"}:
            hint = "In a clone of the template: `rnd github apply`."
            return Finding(name, "missing", f"{there} does not share its actions", hint)
    return Finding(name, "ok", f"{there}@{ref}", "")


def _subjects(client: Client, organisation: Organisation) -> Finding:
    """Check the form of the OIDC subjects of the template's repository, which publishes the base images."""
    there = _template(organisation)
    if there is None:
        return Finding("OIDC subjects", "optional", "the template is not on this GitHub", "")
    found: Any = client.read(lambda kit: kit.rest.actions.get_custom_oidc_sub_claim_for_repo(*there))
    if not all(found_values(found).values()):
        hint = "In a clone of the template: `rnd github apply`. AWS does not accept names without ids."
        return Finding("OIDC subjects", "missing", f"{there} has subjects of the former form", hint)
    return Finding("OIDC subjects", "ok", "immutable", "")


def _apps(client: Client, organisation: Organisation) -> Finding:
    """Check whether the apps of org.yml are installed with the permissions that the broker asks for."""
    wanted = organisation.github.apps
    if wanted is None:
        hint = (
            "docs/how-to/set-up-the-pipeline.md; without them, GitHub asks for approval of the runs of version commits."
        )
        return Finding("GitHub Apps", "optional", "org.yml names none", hint)
    owner = organisation.github.owner
    listed: Any = client.read(lambda kit: kit.rest.orgs.list_app_installations(owner, per_page=PAGE))
    installed = {str(entry.get("client_id")): entry for entry in listed["installations"]}
    needed = {wanted.version: {"contents"}, wanted.release: {"contents", "workflows"}}
    wrong = [f"{one} is not installed" for one in needed if one not in installed]
    for client_id, permissions in needed.items():
        held = installed.get(client_id, {}).get("permissions", {})
        lacking = sorted(name for name in permissions if held.get(name) != "write")
        wrong += [f"{client_id} lacks {', '.join(lacking)}: write"] if client_id in installed and lacking else []
    if wrong:
        return Finding("GitHub Apps", "missing", "; ".join(wrong), "docs/how-to/set-up-the-pipeline.md")
    return Finding("GitHub Apps", "ok", f"{len(needed)} installed", "")


def _teams(client: Client, organisation: Organisation) -> Finding:
    owner = organisation.github.owner
    missing = [
        team
        for team in organisation.github.teams
        if client.get_or_none(lambda kit, team=team: kit.rest.teams.get_by_name(owner, team)) is None
    ]
    if missing:
        return Finding(
            "Teams", "missing", f"{owner} has no team {', '.join(missing)}", "Create it, or correct org.yml."
        )
    return Finding("Teams", "ok", ", ".join(organisation.github.teams) or "none", "")


CHECKS: dict[str, Check] = {
    "GitHub access": _member,
    "GitHub plan": _plan,
    "Teams": _teams,
    "Actions policy": _actions,
    "Shared actions": _central,
    "OIDC subjects": _subjects,
    "GitHub Apps": _apps,
}
