"""How a repository is set, as data: what org.yml wants, what GitHub's documents say, where the two differ. Pure.

Both sides are written under the keys that org.yml has below `github.repository`, so that a difference reads like a line
of that file. What GitHub has beyond them stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.organisation.github import Actions, Environment, Protection, Settings

Value = str | bool | int | tuple[str, ...] | None
Values = dict[str, Value]
Document = Any  # JSON, as GitHub's documentation describes it

BRANCH = "main"
RULESET = "main"  # the name of the ruleset that is ours
# Who may go past a ruleset without being a team: the kind of actor, and its number.
ROLES = {"repository-admins": ("RepositoryRole", 5), "organisation-owners": ("OrganizationAdmin", 1)}
# Of a pull request's rule, what org.yml leaves to each repository.
REVIEWS = {
    "dismiss_stale_reviews_on_push": False,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
}

# key: the field of a repository, https://docs.github.com/en/rest/repos/repos#get-a-repository
FIELDS = {
    "visibility": "visibility",
    "features.issues": "has_issues",
    "features.projects": "has_projects",
    "features.wiki": "has_wiki",
    "merging.squash_title": "squash_merge_commit_title",
    "merging.squash_message": "squash_merge_commit_message",
    "merging.merge_title": "merge_commit_title",
    "merging.merge_message": "merge_commit_message",
    "merging.automatic": "allow_auto_merge",
    "merging.update_branch": "allow_update_branch",
    "merging.delete_branch": "delete_branch_on_merge",
}
METHODS = {"squash": "allow_squash_merge", "merge": "allow_merge_commit", "rebase": "allow_rebase_merge"}
OUR_RULES = ("deletion", "non_fast_forward", "pull_request", "required_status_checks")


class Change(NamedTuple):
    """One difference: what is wanted, and what was found instead; None for nothing."""

    key: str
    wanted: Value
    found: Value

    def __str__(self) -> str:
        return f"{self.key}: {say(self.found)} → {say(self.wanted)}"


def say(value: Value) -> str:
    """Return a value as org.yml would have it."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return {None: "nothing", True: "true", False: "false"}.get(value, str(value))  # type: ignore[arg-type]


def compare(wanted: Values, found: Values) -> tuple[Change, ...]:
    """Return where the two differ, in the order of what is wanted."""
    return tuple(
        Change(key, value, found.get(key)) for key, value in wanted.items() if not _same(value, found.get(key))
    )


def _same(wanted: Value, found: Value) -> bool:
    return type(wanted) is type(found) and wanted == found


# The repository itself


def wanted_repository(settings: Settings) -> Values:
    """Return what the repository's own fields should be.

    GitHub keeps titles and messages for the methods alone that are allowed.
    """
    features, merging = settings.features, settings.merging
    forbidden = set(METHODS) - set(merging.methods)
    kept = {name: value for name, value in merging if name.partition("_")[0] not in forbidden}
    return {
        "visibility": settings.visibility,
        **{f"features.{name}": value for name, value in features},
        "merging.methods": tuple(method for method in METHODS if method in merging.methods),
        **{f"merging.{name}": value for name, value in kept.items() if name != "methods"},
    }


def found_repository(repository: Document) -> Values:
    """Return what they are."""
    return {
        **{key: repository.get(field) for key, field in FIELDS.items()},
        "merging.methods": tuple(method for method, field in METHODS.items() if repository.get(field)),
    }


def repository_body(wanted: Values, found: Values) -> Document:
    """Return the request that makes them so: all at once, since GitHub accepts some only together.

    Not so the visibility: GitHub refuses one that is so already, and any at all from somebody who may not change it.
    """
    methods = wanted["merging.methods"]
    assert isinstance(methods, tuple)  # noqa: S101 - a tuple by construction
    fields = {field: wanted[key] for key, field in FIELDS.items() if key in wanted}
    if wanted["visibility"] == found["visibility"]:
        del fields["visibility"]
    return {
        **fields,
        **{field: method in methods for method, field in METHODS.items()},
    }


# Topics, teams


def wanted_topics(settings: Settings) -> Values:
    """Return the topics that must be there."""
    return {"topics": tuple(sorted(settings.topics))}


def found_topics(repository: Document, settings: Settings) -> Values:
    """Return those of them that are."""
    return {"topics": tuple(sorted(set(repository.get("topics", ())) & set(settings.topics)))}


def wanted_teams(teams: Mapping[str, str]) -> Values:
    """Return each team's permission."""
    return {f"teams.{team}": permission for team, permission in teams.items()}


def found_teams(listed: Sequence[Document]) -> Values:
    """Return what each team that has access may do."""
    return {f"teams.{team['slug']}": team["permission"] for team in listed}


# main


def wanted_protection(protection: Protection) -> Values:
    """Return what the ruleset of `main` should say."""
    return {
        "main.enforced": True,
        "main.branches": (f"refs/heads/{BRANCH}",),
        "main.deletion": False,
        "main.forced_push": False,
        "main.pull_request": True,
        "main.required_check": (protection.required_check,),
        "main.up_to_date": protection.up_to_date,
        "main.approvals": protection.approvals,
        "main.resolve_conversations": protection.resolve_conversations,
        "main.bypass": tuple(sorted(protection.bypass)),
        "main.other_rules": (),
    }


def found_protection(ruleset: Document | None, teams: Mapping[int, str]) -> Values:
    """Return what it says.

    Args:
        ruleset: The ruleset that is ours, or None where there is none.
        teams: Names of teams by their id.
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
        "main.up_to_date": checks.get("strict_required_status_checks_policy"),
        "main.approvals": pull_request.get("required_approving_review_count"),
        "main.resolve_conversations": pull_request.get("required_review_thread_resolution"),
        "main.bypass": tuple(sorted(_actor_name(actor, teams) for actor in ruleset.get("bypass_actors") or ())),
        "main.other_rules": tuple(sorted(set(rules).difference(OUR_RULES))),
    }


def _actor_name(actor: Document, teams: Mapping[int, str]) -> str:
    kind, number = actor["actor_type"], actor.get("actor_id")
    name = f"{kind} {number}"
    if kind == "Team":
        name = teams.get(number, f"team {number}")
    for role, (role_kind, role_number) in ROLES.items():
        if kind == role_kind and (number == role_number or kind == "OrganizationAdmin"):  # which has no number
            name = role
    mode = actor.get("bypass_mode", "always")
    return name if mode == "always" else f"{name} ({mode})"


def protection_body(protection: Protection, teams: Mapping[str, int], ruleset: Document | None) -> Document:
    """Return the request that makes the ruleset so; https://docs.github.com/en/rest/repos/rules.

    Args:
        protection: What is wanted.
        teams: Ids of teams by their name.
        ruleset: What is there; of a pull request's rule, what org.yml does not have is taken over.
    """
    rules = (ruleset or {}).get("rules", ())
    there: dict[str, Any] = next((rule.get("parameters", {}) for rule in rules if rule["type"] == "pull_request"), {})
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
                    **{name: there.get(name, default) for name, default in REVIEWS.items()},
                    "required_approving_review_count": protection.approvals,
                    "required_review_thread_resolution": protection.resolve_conversations,
                },
            },
            {
                "type": "required_status_checks",
                "parameters": {
                    "required_status_checks": [{"context": protection.required_check}],
                    "strict_required_status_checks_policy": protection.up_to_date,
                    "do_not_enforce_on_create": True,
                },
            },
        ],
    }


def _actor(name: str, teams: Mapping[str, int]) -> dict[str, Any]:
    kind, number = ROLES.get(name) or ("Team", teams[name])
    return {"actor_type": kind, "actor_id": number, "bypass_mode": "always"}


# Actions, environment


def wanted_token(actions: Actions) -> Values:
    """Return what a workflow's own token should be able to do."""
    return {"actions.token": actions.token, "actions.approve_pull_requests": actions.approve_pull_requests}


def found_token(permissions: Document) -> Values:
    """Return what it can."""
    return {
        "actions.token": permissions["default_workflow_permissions"],
        "actions.approve_pull_requests": permissions["can_approve_pull_request_reviews"],
    }


def wanted_environment(environment: Environment) -> Values:
    """Return what the environment for publishing should be."""
    return {"environment.name": environment.name, "environment.branches": tuple(sorted(environment.branches))}


def found_environment(environment: Document | None, branches: Sequence[Document]) -> Values:
    """Return what it is.

    Args:
        environment: The environment of that name, or None.
        branches: Its deployment branch policies.
    """
    if environment is None:
        return {}
    policy = environment.get("deployment_branch_policy") or {}
    limited = bool(policy.get("custom_branch_policies"))
    names = (f"{one['name']} (a tag)" if one.get("type") == "tag" else one["name"] for one in branches)
    return {
        "environment.name": environment["name"],
        "environment.branches": tuple(sorted(names)) if limited else None,
    }
