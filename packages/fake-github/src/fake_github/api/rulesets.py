"""Rulesets: what holds pushes and merges, as GitHub keeps it since classic branch protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github.answers import Answer, Forbidden, Invalid
from fake_github.clock import now
from fake_github.documents.accounts import node_id
from fake_github.routing import Call, route
from fake_github.rules import ACTIONS_APP, may_bypass, rules_for

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
# What GitHub adds to the parameters that it is sent.
PARAMETERS: dict[str, dict[str, object]] = {
    "pull_request": {
        "allowed_merge_methods": ["merge", "squash", "rebase"],
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": 0,
        "required_review_thread_resolution": False,
        "required_reviewers": [],
    },
    "required_status_checks": {"do_not_enforce_on_create": False, "strict_required_status_checks_policy": False},
}


def plan_allows(call: Call, repository: Repository) -> None:
    """Refuse where the owner's plan has no rules for private repositories.

    Raises:
        Forbidden: In GitHub's words.
    """
    organisation = call.hub.state.organisation(repository.owner.login)
    if organisation is not None and organisation.plan == "free" and repository.private:
        raise Forbidden(UPGRADE)


def document(call: Call, repository: Repository, ruleset: Document) -> Document:
    """Return a ruleset as its administrators see it."""
    url = call.url("repos", repository.full_name, "rulesets", ruleset["id"])
    page = f"{call.hub.url}/{repository.full_name}/rules/{ruleset['id']}"
    bypass = may_bypass(call.hub, repository, ruleset, call.caller, {"always", "exempt"})
    return {
        **ruleset,
        "node_id": node_id("RepositoryRuleset", ruleset["id"]),
        "source_type": "Repository",
        "source": repository.full_name,
        "current_user_can_bypass": "always" if bypass else "never",
        "_links": {"self": {"href": url}, "html": {"href": page}},
    }


@route("GET /repos/{owner}/{repo}/rulesets")
def list_rulesets(call: Call, repository: Repository) -> Answer:
    """Return the rulesets of a repository, without their rules."""
    plan_allows(call, repository)
    hidden = {"rules", "conditions", "bypass_actors", "current_user_can_bypass"}
    whole = [document(call, repository, one) for one in repository.rulesets.values()]
    return call.listing([{key: value for key, value in one.items() if key not in hidden} for one in whole])


@route("POST /repos/{owner}/{repo}/rulesets", role="admin")
def create(call: Call, repository: Repository) -> Answer:
    """Make a ruleset."""
    plan_allows(call, repository)
    _refuse_taken(repository, call.body["name"], None)
    _refuse_strangers(call, repository)
    moment = now()
    fresh: Document = {
        "id": call.hub.state.next_id(),
        "target": "branch",
        "conditions": {},
        "rules": [],
        "bypass_actors": [],
    }
    ruleset = fresh | _filled(call.body) | {"created_at": moment, "updated_at": moment}
    repository.rulesets[fresh["id"]] = ruleset
    return Answer(201, document(call, repository, ruleset))


@route("GET /repos/{owner}/{repo}/rulesets/{ruleset_id}")
def get(call: Call, repository: Repository) -> Answer:
    """Return a ruleset; who may pass it is for those who could change it."""
    found = document(call, repository, _ruleset(call, repository))
    if call.hub.state.role(call.caller.account, repository) != "admin" and call.caller.kind == "user":
        del found["bypass_actors"]
    return Answer(200, found)


@route("PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}", role="admin")
def update(call: Call, repository: Repository) -> Answer:
    """Change a ruleset: what is sent replaces, what is not sent stays."""
    plan_allows(call, repository)
    ruleset = _ruleset(call, repository)
    _refuse_taken(repository, call.body.get("name") or ruleset["name"], ruleset["id"])
    _refuse_strangers(call, repository)
    ruleset.update(_filled(call.body), updated_at=now())
    return Answer(200, document(call, repository, ruleset))


@route("DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}", role="admin")
def delete(call: Call, repository: Repository) -> Answer:
    """Remove a ruleset."""
    del repository.rulesets[_ruleset(call, repository)["id"]]
    return Answer(204)


@route("GET /repos/{owner}/{repo}/rules/branches/{branch}")
def list_branch_rules(call: Call, repository: Repository) -> Answer:
    """Return the rules in force for a branch, whichever ruleset they are of."""
    plan_allows(call, repository)
    own = {"ruleset_source_type": "Repository", "ruleset_source": repository.full_name}
    found = []
    for rule in rules_for(repository, f"refs/heads/{call.parameters['branch']}"):
        if "ruleset" in rule:
            shown = {key: value for key, value in rule.items() if key in {"type", "parameters"}}
            found.append({**shown, **own, "ruleset_id": rule["ruleset"]})
    return call.listing(found)


def _ruleset(call: Call, repository: Repository) -> Document:
    return call.numbered("ruleset_id", repository.rulesets)


def _refuse_taken(repository: Repository, name: str, own: int | None) -> None:
    if any(one["name"] == name and one["id"] != own for one in repository.rulesets.values()):
        raise Invalid("RepositoryRuleset", "name", "custom", "Name must be unique")


def _refuse_strangers(call: Call, repository: Repository) -> None:
    """Refuse an app that is not installed: it can neither bypass rules nor make required checks.

    GitHub Actions makes checks everywhere and bypasses nothing.
    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#granting-bypass-permissions-for-your-branch-or-tag-ruleset
    """
    installed = {app.id for app in call.hub.apps.values() if app.organisation is repository.owner}
    for actor in call.body.get("bypass_actors") or ():
        if actor["actor_type"] == "Integration" and actor.get("actor_id") not in installed:
            message = "Actor integration must be part of the ruleset source or owner organization"
            raise Invalid("RepositoryRuleset", "bypass_actors", "custom", message)
    for rule in call.body.get("rules") or ():
        for check in (rule.get("parameters") or {}).get("required_status_checks", ()):
            if check.get("integration_id", ACTIONS_APP) not in {*installed, ACTIONS_APP}:
                raise Invalid(
                    "RepositoryRuleset", "rules", "custom", "Invalid integration_id in required status checks"
                )


def _filled(body: Document) -> Document:
    """Return what was sent, with what GitHub adds to it."""
    filled = {key: value for key, value in body.items() if key != "id"}
    if "rules" in filled:
        filled["rules"] = [_filled_rule(rule) for rule in filled["rules"]]
    conditions = filled.get("conditions") or {}
    if "ref_name" in conditions:
        filled["conditions"] = {"ref_name": {"include": [], "exclude": []} | conditions["ref_name"]}
    filled["bypass_actors"] = [{"bypass_mode": "always"} | actor for actor in body.get("bypass_actors") or []]
    return filled if "bypass_actors" in body else {k: v for k, v in filled.items() if k != "bypass_actors"}


def _filled_rule(rule: Document) -> Document:
    defaults = PARAMETERS.get(rule["type"])
    return rule if defaults is None else {**rule, "parameters": defaults | (rule.get("parameters") or {})}
