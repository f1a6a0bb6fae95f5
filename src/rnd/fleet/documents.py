"""Turn the answers of GraphQL into the documents of the REST API, so that both are compared by the same code. Pure.

A field that GitHub could not answer is unknown: it counts neither as a difference nor as in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from rnd.github.settings import environment, repository, ruleset, teams, topics
from rnd.github.settings.refs import configured_rules
from rnd.github.settings.ruleset import RULESET

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from rnd.github.settings.diff import Values
    from rnd.github.settings.refs import RefRules
    from rnd.organisation.github import GitHub

    Node = Mapping[str, Any]

# Field of the REST API: field of GraphQL, https://docs.github.com/en/graphql/reference/objects#repository
FIELDS = {
    "has_issues": "hasIssuesEnabled",
    "has_projects": "hasProjectsEnabled",
    "has_wiki": "hasWikiEnabled",
    "allow_squash_merge": "squashMergeAllowed",
    "allow_merge_commit": "mergeCommitAllowed",
    "allow_rebase_merge": "rebaseMergeAllowed",
    "squash_merge_commit_title": "squashMergeCommitTitle",
    "squash_merge_commit_message": "squashMergeCommitMessage",
    "merge_commit_title": "mergeCommitTitle",
    "merge_commit_message": "mergeCommitMessage",
    "allow_auto_merge": "autoMergeAllowed",
    "allow_update_branch": "allowUpdateBranch",
    "delete_branch_on_merge": "deleteBranchOnMerge",
}
# GraphQL and the REST API name the permissions of teams differently.
PERMISSIONS = {"READ": "pull", "TRIAGE": "triage", "WRITE": "push", "MAINTAIN": "maintain", "ADMIN": "admin"}


@dataclass(frozen=True)
class Found:
    """The settings of one repository.

    Attributes:
        values: The values that GitHub answered, by the keys of org.yml.
        unknown: Keys that GitHub could not answer.
    """

    values: Values = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


def found_settings(
    node: Node,
    rules: Mapping[str, Node | None],
    permissions: Mapping[str, str | None],
    failed: Collection[str],
    config: GitHub,
) -> Found:
    """Return the settings of a repository.

    Args:
        node: The repository.
        rules: Its rulesets by ID; None for one that GitHub could not answer.
        permissions: The permission of each team; None if it is unknown.
        failed: Fields of the repository that GitHub could not answer.
        config: The `github` section of org.yml.
    """
    document = repository_document(node)
    values: Values = {
        **repository.found_values(document),
        **topics.found_values(document, config.repository),
        **teams.found_values([{"slug": team, "permission": held} for team, held in permissions.items() if held]),
        "default_branch": document["default_branch"],
        **environment.found_values(node.get("environment"), ()),
    }
    values.pop("environment.branches", None)
    unknown = {f"teams.{team}" for team, held in permissions.items() if held is None}
    unknown |= _failed(failed)
    for name, wanted, read, bypass in _rulesets(config):
        listed = [one for one in (node.get("rulesets") or {}).get("nodes") or () if one and one["name"] == name]
        one = rules.get(listed[0]["id"]) if listed else None
        if node.get("rulesets") is None or (listed and (one is None or one.get("rules") is None)):
            unknown |= wanted.keys()
        elif one is not None:
            values |= read(one)
            unknown |= {bypass} if one.get("bypassActors") is None else set()  # only administrators see them
    return Found({key: value for key, value in values.items() if key not in unknown}, frozenset(unknown))


def repository_document(node: Node) -> dict[str, Any]:
    """Return a repository as the REST API describes it, as far as settings need it."""
    branch = node.get("defaultBranchRef")
    listed = (node.get("repositoryTopics") or {}).get("nodes") or ()
    return {
        **{name: node.get(theirs) for name, theirs in FIELDS.items()},
        "visibility": node["visibility"].lower(),
        "topics": [one["topic"]["name"] for one in listed if one],
        "default_branch": branch["name"] if branch else None,
    }


def _failed(fields: Collection[str]) -> set[str]:
    """Return the keys of org.yml that depend on fields of a repository."""
    keys = {"environment": {"environment.name"}, "defaultBranchRef": {"default_branch"}, "repositoryTopics": {"topics"}}
    return set().union(*(keys.get(name, set()) for name in fields))


def ruleset_names(config: GitHub) -> set[str]:
    """Return the names of the rulesets that rnd manages."""
    return {name for name, *_ in _rulesets(config)}


def _rulesets(config: GitHub) -> Iterator[tuple[str, Values, Callable[[Node], Values], str]]:
    """Yield for each ruleset its name, its wanted values, the function that reads them, and the key of bypasses."""
    main = ruleset.wanted_values(config.repository.main)
    yield RULESET, main, lambda one: ruleset.found_values(ruleset_document(one), _teams(one)), "main.bypass"
    for rules in configured_rules(config):
        yield rules.key, rules.wanted(), partial(_refs, rules), f"{rules.key.replace('-', '_')}.bypass"


def _refs(rules: RefRules, one: Node) -> Values:
    return rules.found(ruleset_document(one))


def ruleset_document(one: Node) -> dict[str, Any]:
    """Return a ruleset as the REST API describes it."""
    names = one["conditions"].get("refName") or {}
    return {
        "name": one["name"],
        "target": (one.get("target") or "BRANCH").lower(),
        "enforcement": one["enforcement"].lower(),
        "conditions": {"ref_name": {"include": names.get("include", ()), "exclude": names.get("exclude", ())}},
        "rules": [_rule(rule) for rule in (one.get("rules") or {}).get("nodes") or () if rule],
        "bypass_actors": [_actor(actor) for actor in (one.get("bypassActors") or {}).get("nodes") or () if actor],
    }


def _rule(rule: Node) -> dict[str, Any]:
    given = rule.get("parameters") or {}
    parameters = {
        "required_approving_review_count": given.get("requiredApprovingReviewCount"),
        "required_review_thread_resolution": given.get("requiredReviewThreadResolution"),
        "strict_required_status_checks_policy": given.get("strictRequiredStatusChecksPolicy"),
        "required_status_checks": [
            {"context": one["context"], "integration_id": one.get("integrationId")}
            for one in given.get("requiredStatusChecks") or ()
        ],
    }
    return {"type": rule["type"].lower(), "parameters": parameters}


def _actor(one: Node) -> dict[str, Any]:
    """Return who can bypass a ruleset, by the types of https://docs.github.com/en/rest/repos/rules."""
    actor = one.get("actor") or {}
    kind, number = {"Team": "Team", "App": "Integration"}.get(actor.get("__typename", "")), actor.get("databaseId")
    if one.get("organizationAdmin"):
        kind, number = "OrganizationAdmin", None
    elif one.get("enterpriseOwner"):
        kind, number = "EnterpriseOwner", None
    elif one.get("deployKey"):
        kind, number = "DeployKey", None
    elif one.get("repositoryRoleDatabaseId") is not None:
        kind, number = "RepositoryRole", one["repositoryRoleDatabaseId"]
    mode = (one.get("bypassMode") or "ALWAYS").lower()
    return {"actor_type": kind or "unknown", "actor_id": number, "bypass_mode": mode}


def _teams(one: Node) -> dict[int, str]:
    """Return the names of the teams that can bypass a ruleset, by ID."""
    actors = ((actor or {}).get("actor") or {} for actor in (one.get("bypassActors") or {}).get("nodes") or ())
    return {actor["databaseId"]: actor["slug"] for actor in actors if actor.get("slug")}
