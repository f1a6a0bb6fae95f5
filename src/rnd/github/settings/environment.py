"""The deployment environment for publishing, and the branches that can deploy to it.

See https://docs.github.com/en/rest/deployments/environments and, for the branches,
https://docs.github.com/en/rest/deployments/branch-policies.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rnd.github.client import PAGE
from rnd.github.settings.setting import Endpoint, Setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext
    from rnd.organisation.github import Environment

LIMITED: Any = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def publishing_environment(context: RepositoryContext) -> Setting:
    """Return the setting for the environment and its branches."""
    config = context.config.repository.environment
    path = (*context.repository, config.name)

    def read() -> Values:
        found: Document = context.client.get_or_none(lambda kit: kit.rest.repos.get_environment(*path))
        limited = found is not None and found.get("deployment_branch_policy")
        return found_values(found, branch_policies(context) if limited else ())

    def apply() -> None:
        found: Document = context.client.get_or_none(lambda kit: kit.rest.repos.get_environment(*path))
        body = LIMITED | protection(found)
        context.client.send(lambda kit: kit.rest.repos.create_or_update_environment(*path, data=body))
        existing = branch_policies(context)
        known = {policy["name"] for policy in existing if policy.get("type") != "tag"}
        for branch in sorted(set(config.branches) - known):
            context.client.create_once(partial(_find_policy, context, branch), partial(_create_policy, path, branch))
        for policy in existing:
            if policy["name"] not in config.branches or policy.get("type") == "tag":
                context.client.send(partial(_delete_policy, path, policy["id"]))

    return Setting("publishing-environment", "Limit which branches publish", wanted_values(config), read, apply)


def wanted_values(environment: Environment) -> Values:
    """Return the environment in org.yml."""
    return {"environment.name": environment.name, "environment.branches": tuple(sorted(environment.branches))}


def found_values(environment: Document | None, policies: Sequence[Document]) -> Values:
    """Return the environment on GitHub.

    Args:
        environment: The environment of that name, or None.
        policies: Its deployment branch policies.
    """
    if environment is None:
        return {}
    policy = environment.get("deployment_branch_policy") or {}
    limited = bool(policy.get("custom_branch_policies"))
    return {
        "environment.name": environment["name"],
        "environment.branches": _names(policies) if limited else None,
    }


def protection(environment: Document | None) -> Document:
    """Return the wait timer and the reviewers of an environment, as a request that changes it names them.

    GitHub does not document whether a request without them removes them, and reports say that it does
    (https://github.com/ministryofjustice/modernisation-platform/issues/4516). Plans without them reject the fields, so
    only those that are set are returned.

    Args:
        environment: The environment, or None.
    """
    body: Document = {}
    for rule in (environment or {}).get("protection_rules") or ():
        if rule["type"] == "wait_timer":
            body["wait_timer"] = rule["wait_timer"]
        elif rule["type"] == "required_reviewers":
            body["prevent_self_review"] = rule.get("prevent_self_review", False)
            body["reviewers"] = [{"type": one["type"], "id": one["reviewer"]["id"]} for one in rule["reviewers"]]
    return body


def branch_policies(context: RepositoryContext) -> list[Document]:
    """Return the deployment branch policies of the environment: patterns of branches and tags."""
    path = (*context.repository, context.config.repository.environment.name)
    found: Document = context.client.get_or_none(
        lambda kit: kit.rest.repos.list_deployment_branch_policies(*path, per_page=PAGE)
    )
    return found["branch_policies"] if found else []


def read_branches(context: RepositoryContext) -> Values:
    """Return the branches of the environment, with one request unless there are none."""
    policies = branch_policies(context)
    if not policies:  # also the answer for an environment that all branches can use
        return {"environment.branches": publishing_environment(context).read().get("environment.branches")}
    return {"environment.branches": _names(policies)}


def _names(policies: Sequence[Document]) -> tuple[str, ...]:
    return tuple(sorted(f"{one['name']} (a tag)" if one.get("type") == "tag" else one["name"] for one in policies))


def _find_policy(context: RepositoryContext, branch: str) -> Document | None:
    policies = branch_policies(context)
    return next((one for one in policies if one["name"] == branch and one.get("type") != "tag"), None)


def _create_policy(path: tuple[str, str, str], branch: str, kit: Any) -> Any:  # noqa: ANN401 - githubkit's own types
    return kit.rest.repos.create_deployment_branch_policy(*path, data={"name": branch, "type": "branch"})


def _delete_policy(path: tuple[str, str, str], policy: int, kit: Any) -> Any:  # noqa: ANN401
    return kit.rest.repos.delete_deployment_branch_policy(*path, policy)


ENDPOINTS = (Endpoint(("environment.branches",), publishing_environment, read=read_branches),)
