"""Each field of a ruleset, the environment, the OIDC subject and the fork settings, weakened in each way that matters.

`test_plan.py` changes each setting by hand once, with the API. Here, what GitHub keeps is changed: also as an
administrator could in the browser, or as an earlier version of GitHub left it.
"""

from __future__ import annotations

import copy
import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rnd.github.settings.plan import settings_and_guards
from tests.helpers.pages import code_in, read_page, table
from tests.helpers.settings import apply, with_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_github.state import Repository
    from rnd.github.settings.setting import RepositoryContext, Setting
    from tests.helpers.github import Hosting

    Change = Callable[[dict[str, Any]], object]

WRITERS = {"actor_type": "RepositoryRole", "actor_id": 4, "bypass_mode": "always"}
WAYS = {"repository": 75, "template": 18}
ACTORS = (
    WRITERS,
    {**WRITERS, "bypass_mode": "pull_request"},
    {**WRITERS, "actor_id": 2},
    {"actor_type": "DeployKey", "actor_id": None, "bypass_mode": "always"},
    {"actor_type": "OrganizationAdmin", "actor_id": 1, "bypass_mode": "exempt"},
    {"actor_type": "Integration", "actor_id": 4711, "bypass_mode": "always"},
    {"actor_type": "Team", "actor_id": 4712, "bypass_mode": "always"},
)


def assigned(*path: str, value: object) -> Change:
    """Return a change that sets a field."""

    def change(document: dict[str, Any]) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def appended(*path: str, value: object) -> Change:
    """Return a change that adds an entry to a list."""

    def change(document: dict[str, Any]) -> None:
        for key in path:
            document = document[key]
        document.append(value)  # pyrefly: ignore[missing-attribute]

    return change


def rule(kind: str, name: str, value: object) -> Change:
    """Return a change of a parameter of a rule."""

    def change(ruleset: dict[str, Any]) -> None:
        next(one for one in ruleset["rules"] if one["type"] == kind)["parameters"][name] = value

    return change


def of_a_ruleset(document: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """Yield each way to weaken any ruleset."""
    yield from ((f"enforcement {value}", assigned("enforcement", value=value)) for value in ("disabled", "evaluate"))
    yield "another target", assigned("target", value={"branch": "tag", "tag": "branch"}[document["target"]])
    yield "no condition", assigned("conditions", value={})
    yield "no refs", assigned("conditions", "ref_name", "include", value=[])
    yield "other refs", assigned("conditions", "ref_name", "include", value=["refs/heads/other"])
    yield "some refs less", lambda ruleset: ruleset["conditions"]["ref_name"]["include"].pop()
    yield "an exception", appended("conditions", "ref_name", "exclude", value="~ALL")
    for actor in ACTORS:
        yield f"bypass {actor}", appended("bypass_actors", value=actor)
    for one in document["rules"]:
        yield f"without {one['type']}", partial(remove_rule, one)


def remove_rule(rule: dict[str, Any], ruleset: dict[str, Any]) -> None:
    """Remove a rule."""
    ruleset["rules"].remove(rule)


CHECKS = "required_status_checks"
OF_MAIN: dict[str, Change] = {
    "no check": rule(CHECKS, CHECKS, []),
    "a check of any app": rule(CHECKS, CHECKS, [{"context": "all-green"}]),
    "a check of another app": rule(CHECKS, CHECKS, [{"context": "all-green", "integration_id": 4711}]),
    "another check": rule(CHECKS, CHECKS, [{"context": "lint", "integration_id": 15368}]),
    "a second check of any app": lambda ruleset: next(
        one for one in ruleset["rules"] if one["type"] == CHECKS
    )["parameters"][CHECKS].append({"context": "lint"}),
    "behind main": rule(CHECKS, "strict_required_status_checks_policy", False),
    "more approvals": rule("pull_request", "required_approving_review_count", 7),
}  # fmt: skip
POLICY = {"id": 99, "node_id": "x", "name": "main", "type": "branch"}
OF_THE_ENVIRONMENT: dict[str, Change] = {
    "no policy": assigned("deployment_branch_policy", value=None),
    "protected branches": assigned(
        "deployment_branch_policy", value={"protected_branches": True, "custom_branch_policies": False}
    ),
    "no branch": assigned("policies", value=[]),
    "every branch": appended("policies", value={**POLICY, "name": "*"}),
    "a branch that begins like main": appended("policies", value={**POLICY, "name": "main*"}),
    "a tag named main": appended("policies", value={**POLICY, "type": "tag"}),
    "a tag named main, and no branch": assigned("policies", value=[{**POLICY, "type": "tag"}]),
}
OF_ACTIONS: dict[str, dict[str, dict[str, object]]] = {
    "oidc": {
        "a subject of its own": {"use_default": False, "include_claim_keys": ["repo"]},
        "a subject by workflow": {"use_default": False, "include_claim_keys": ["job_workflow_ref"]},
        "a subject without ids": {"use_default": True, "use_immutable_subject": False},
    },
    "forks": {
        "writing tokens": {"send_write_tokens_to_workflows": True},
        "secrets": {"send_secrets_and_variables": True},
    },
}
GOOD = {
    "oidc": {"use_default": True, "use_immutable_subject": True},
    "forks": {"send_write_tokens_to_workflows": False, "send_secrets_and_variables": False},
}


def weakened(context: RepositoryContext, repository: Repository) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what is weakened, and a function that does it."""
    for number, document in repository.rulesets.items():
        ways = dict(of_a_ruleset(document)) | (OF_MAIN if document["name"] == "main" else {})
        for way, change in ways.items():
            yield f"{document['name']}: {way}", partial(weaken, repository.rulesets, number, change)
        yield f"{document['name']}: removed", partial(repository.rulesets.pop, number)
    name = context.config.repository.environment.name
    for way, change in OF_THE_ENVIRONMENT.items():
        yield f"environment: {way}", partial(weaken, repository.environments, name, change)
    yield "environment: removed", partial(repository.environments.pop, name)
    for kind, changes in OF_ACTIONS.items():
        for way, fields in changes.items():
            yield f"{kind}: {way}", partial(replace, repository, kind, fields)


def weaken(documents: dict[Any, dict[str, Any]], key: object, change: Change) -> None:
    """Change one of some documents, as it is then: `rnd github apply` replaces them."""
    change(documents[key])


def replace(repository: Repository, kind: str, fields: dict[str, object]) -> None:
    """Change a setting of GitHub Actions."""
    repository.actions[kind] = repository.actions.get(kind, {}) | fields


def essence(document: dict[str, Any]) -> object:
    """Return what protects, of a ruleset or an environment: without ids and times."""
    kept = {key: value for key, value in document.items() if key not in {"id", "created_at", "updated_at", "policies"}}
    policies = [(one["name"], one["type"]) for one in document.get("policies", ())]
    return kept, policies


def protection(repository: Repository) -> object:
    """Return everything that the settings of a repository protect."""
    rulesets = {one["name"]: essence(one) for one in repository.rulesets.values()}
    kept = {kind: repository.actions.get(kind, {}) for kind in OF_ACTIONS}
    actions = {kind: [kept[kind].get(name, good) for name, good in GOOD[kind].items()] for kind in GOOD}
    return copy.deepcopy((rulesets, {name: essence(one) for name, one in repository.environments.items()}, actions))


def concerned(context: RepositoryContext, what: str) -> list[Setting]:
    """Return the settings that what is weakened concerns."""
    names = {"main": "protection", "environment": "publishing-environment", "oidc": "oidc-subject"}
    key = names.get(what.partition(":")[0], what.partition(":")[0])
    return [one for one in settings_and_guards(context) if one.key == key or (key == "forks" and "fork" in one.key)]


def test_the_page_has_each_setting(context: RepositoryContext, hosting: Hosting) -> None:
    """Those of a repository of an organisation with an app, and those of the template's own."""
    listed = [name for cell in table("docs/how-to/settings.md", "Setting") for name in code_in(cell)]
    config, found = with_app(hosting, context.config), set[str]()
    for central in (None, "v1"):
        found |= {
            one.key for one in settings_and_guards(dataclasses.replace(context, config=config, central_ref=central))
        }
    found = {"team-…" if key.startswith("team-") else key for key in found}
    assert sorted(listed) == sorted(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["repository", "template"])
def test_each_weakness_is_reported_and_repaired(context: RepositoryContext, hosting: Hosting, kind: str) -> None:
    central = "v1" if kind == "template" else None
    context = dataclasses.replace(context, config=with_app(hosting, context.config), central_ref=central)
    apply(context)
    repository = hosting.repository()
    before, count = protection(repository), 0
    for what, act in list(weakened(context, repository)):
        if kind == "template" and not what.startswith("central"):
            continue
        (setting,) = concerned(context, what)
        act()
        if protection(repository) == before:
            continue  # a way that means nothing for this ruleset
        count += 1
        assert setting.changes(), f"not reported: {what}"
        setting.apply()
        assert setting.changes() == (), what
        assert protection(repository) == before, f"not repaired: {what}"
    assert count == WAYS[kind]


def test_the_page_for_reviewers_has_their_number() -> None:
    assert f" in {sum(WAYS.values())} ways." in read_page("docs/threats.md")
