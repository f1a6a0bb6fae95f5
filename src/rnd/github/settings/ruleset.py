"""The ruleset that protects `main`; see https://docs.github.com/en/rest/repos/rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.github.client import PAGE
from rnd.github.errors import TeamMissing
from rnd.github.settings.default_branch import BRANCH
from rnd.github.settings.diff import compare
from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext
    from rnd.organisation.github import Protection

ACTIONS_APP = 15368  # GitHub Actions; https://api.github.com/apps/github-actions
RULESET = "main"  # the name of the ruleset that rnd manages
# Actors that can bypass a ruleset and are not teams: type and id.
ROLES = {"repository-admins": ("RepositoryRole", 5), "organisation-owners": ("OrganizationAdmin", 1)}
# Parameters of the pull request rule that org.yml does not set, with their defaults. A repository may change them.
REVIEWS = {
    "dismiss_stale_reviews_on_push": False,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
}
OUR_RULES = ("deletion", "non_fast_forward", "pull_request", "required_status_checks")


def branch_ruleset(context: RepositoryContext, bypass: Sequence[str] | None = None) -> Setting:
    """Return the setting for the protection of `main`.

    Args:
        context: The repository.
        bypass: The actors that can bypass the ruleset; those in org.yml by default.
    """
    protection = context.config.repository.main
    if bypass is not None:
        protection = protection.model_copy(update={"bypass": list(bypass)})
    wanted = wanted_values(protection)

    def found(ruleset: Document | None) -> Values:
        actors = (ruleset or {}).get("bypass_actors") or ()
        teams = context.team_ids() if any(actor["actor_type"] == "Team" for actor in actors) else {}
        return found_values(ruleset, {number: name for name, number in teams.items()})

    def apply() -> None:
        teams = _bypass_teams(context, protection.bypass)
        new = request_body(protection, teams, None)
        ruleset = find_ruleset(context)
        if ruleset is None:
            ruleset = context.client.create_once(
                lambda: find_ruleset(context),
                lambda kit: kit.rest.repos.create_repo_ruleset(*context.repository, data=new),
            )
        if compare(wanted, found(ruleset)):
            body = request_body(protection, teams, ruleset)
            context.client.send(
                lambda kit: kit.rest.repos.update_repo_ruleset(*context.repository, ruleset["id"], data=body)
            )

    return Setting("protection", f"Protect {BRANCH}", wanted, lambda: found(find_ruleset(context)), apply)


def find_ruleset(context: RepositoryContext, name: str = RULESET) -> Document | None:
    """Return a full ruleset that rnd manages, or None."""
    listed = context.paginate(
        lambda kit, page: kit.rest.repos.get_repo_rulesets(
            *context.repository, includes_parents=False, per_page=PAGE, page=page
        )
    )
    number = next((one["id"] for one in listed if one["name"] == name), None)
    if number is None:
        return None
    return context.client.get_or_none(lambda kit: kit.rest.repos.get_repo_ruleset(*context.repository, number))


def wanted_values(protection: Protection) -> Values:
    """Return the protection in org.yml."""
    return {
        "main.enforced": True,
        "main.branches": (f"refs/heads/{BRANCH}",),
        "main.deletion": False,
        "main.forced_push": False,
        "main.pull_request": True,
        "main.required_check": (protection.required_check,),
        "main.check_app": ACTIONS_APP,
        "main.up_to_date": protection.up_to_date,
        "main.approvals": protection.approvals,
        "main.resolve_conversations": protection.resolve_conversations,
        "main.bypass": tuple(sorted(protection.bypass)),
        "main.other_rules": (),
    }


def found_values(ruleset: Document | None, teams: Mapping[int, str]) -> Values:
    """Return the protection on GitHub.

    Args:
        ruleset: The ruleset that rnd manages, or None.
        teams: Names of teams by id.
    """
    if ruleset is None:
        return {}
    rules = {rule["type"]: rule.get("parameters") or {} for rule in ruleset.get("rules", ())}
    pull_request = rules.get("pull_request", {})
    checks = rules.get("required_status_checks", {})
    names = ruleset.get("conditions", {}).get("ref_name", {})
    return {
        "main.enforced": ruleset["enforcement"] == "active" and ruleset.get("target", "branch") == "branch",
        "main.branches": (*names.get("include", ()), *(f"not {name}" for name in names.get("exclude", ()))),
        "main.deletion": "deletion" not in rules,
        "main.forced_push": "non_fast_forward" not in rules,
        "main.pull_request": "pull_request" in rules,
        "main.required_check": tuple(check["context"] for check in checks.get("required_status_checks", ())),
        "main.check_app": _check_app(checks.get("required_status_checks", ())),
        "main.up_to_date": checks.get("strict_required_status_checks_policy"),
        "main.approvals": pull_request.get("required_approving_review_count"),
        "main.resolve_conversations": pull_request.get("required_review_thread_resolution"),
        "main.bypass": tuple(sorted(_actor_name(actor, teams) for actor in ruleset.get("bypass_actors") or ())),
        "main.other_rules": tuple(sorted(set(rules).difference(OUR_RULES))),
    }


def _check_app(checks: Sequence[Document]) -> int | None:
    """Return the app whose checks alone count, or None if another app or a person can report one of them."""
    apps = {check.get("integration_id") for check in checks}
    return apps.pop() if len(apps) == 1 else None


def _actor_name(actor: Document, teams: Mapping[int, str]) -> str:
    kind, number = actor["actor_type"], actor.get("actor_id")
    name = f"{kind} {number}"
    if kind == "Team":
        name = teams.get(number, f"team {number}")
    for role, (role_kind, role_number) in ROLES.items():
        if kind == role_kind and (number == role_number or kind == "OrganizationAdmin"):  # owners have no id
            name = role
    mode = actor.get("bypass_mode", "always")
    return name if mode == "always" else f"{name} ({mode})"


def request_body(protection: Protection, teams: Mapping[str, int], ruleset: Document | None) -> Document:
    """Return the body of the request that creates or updates the ruleset.

    Args:
        protection: The protection in org.yml.
        teams: Ids of teams by name.
        ruleset: The current ruleset; its parameters of the pull request rule that org.yml does not set are kept: the
            merge methods and the reviewers of a team with stricter rules, for example.
    """
    rules = (ruleset or {}).get("rules", ())
    current: dict[str, Any] = next((rule.get("parameters", {}) for rule in rules if rule["type"] == "pull_request"), {})
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [_actor(name, teams) for name in protection.bypass],
        "conditions": {"ref_name": {"include": [f"refs/heads/{BRANCH}"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    **REVIEWS,
                    **current,
                    "required_approving_review_count": protection.approvals,
                    "required_review_thread_resolution": protection.resolve_conversations,
                },
            },
            {
                "type": "required_status_checks",
                "parameters": {
                    "required_status_checks": [{"context": protection.required_check, "integration_id": ACTIONS_APP}],
                    "strict_required_status_checks_policy": protection.up_to_date,
                    "do_not_enforce_on_create": True,
                },
            },
        ],
    }


def _actor(name: str, teams: Mapping[str, int]) -> dict[str, Any]:
    kind, number = ROLES.get(name) or ("Team", teams[name])
    return {"actor_type": kind, "actor_id": number, "bypass_mode": "always"}


def _bypass_teams(context: RepositoryContext, bypass: Sequence[str]) -> dict[str, int]:
    """Return the ids of the teams that can bypass the ruleset.

    Raises:
        TeamMissing: The organisation does not have one of them.
    """
    named = [name for name in bypass if name not in ROLES]
    known = context.team_ids() if named else {}
    missing = [name for name in named if name not in known]
    if missing:
        owner = context.repository.owner
        raise TeamMissing(f"github.repository.main.bypass names {', '.join(missing)}, but {owner} has no such team.")
    return {name: known[name] for name in named}
