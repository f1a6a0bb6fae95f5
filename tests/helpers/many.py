"""Many seeded repositories of a fleet, and what is known about each without looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github.populate import Drift, populate
from tests.helpers.fleet import ANSWERS, TEMPLATE, WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.populate import Seeded
    from fake_github.state import Organisation, Repository
    from tests.helpers.fleet import Fleet

MODEL = "rnd-model"
VERSIONS = {"1.1.0": 8.0, "1.0.0": 1.0, "1.0.0-2-gabc1234": 1.0}
REFS = {"v1": 9.0, "v1-canary": 1.0}
# Why the inventory leaves a kind out.
REASONS = {
    "archived": "archived",
    "disabled": "disabled",
    "locked": "locked",
    "fork": "forks",
    "mirror": "mirrors",
    "empty": "empty",
    "other-template": "not from this template",
    "no-template": "not from this template",
    "no-main": "without main",
}


def switch(name: str, value: object) -> Callable[[Repository], object]:
    """Return a change of a setting."""
    return lambda one: one.settings.update({name: value})


def rule(kind: str, **parameters: object) -> Callable[[Repository], object]:
    """Return a change of the parameters of a rule."""

    def change(one: Repository) -> None:
        for ruleset in one.rulesets.values():
            for found in ruleset["rules"]:
                if found["type"] == kind:
                    found["parameters"].update(parameters)

    return change


def without_team(organisation: Organisation) -> Callable[[Repository], object]:
    """Return a change that takes a team's access away."""
    return lambda one: organisation.teams["mlops"].repositories.pop(one.full_name, None)


def drifts(organisation: Organisation) -> dict[str, Drift]:
    """Return a change of settings of each kind, by the key of org.yml that differs then."""
    return {
        "features.wiki": Drift(3, switch("has_wiki", True)),
        "merging.automatic": Drift(1, switch("allow_auto_merge", False)),
        "merging.methods": Drift(1, switch("allow_rebase_merge", False)),
        "topics": Drift(1, lambda one: one.topics.clear()),
        "main.up_to_date": Drift(2, rule("required_status_checks", strict_required_status_checks_policy=False)),
        "main.approvals": Drift(1, rule("pull_request", required_approving_review_count=2)),
        "teams.mlops": Drift(1, without_team(organisation)),
        "environment.name": Drift(1, lambda one: one.environments.clear()),
    }


def more_drifts(fleet: Fleet) -> dict[str, Drift]:
    """Return many changes of settings, also of those that only the REST API has; several can be in one repository."""
    organisation = fleet.hub.state.organisation(fleet.hosting.owner)
    assert organisation is not None

    def actions(part: str, **values: object) -> Callable[[Repository], object]:
        return lambda one: one.actions.update({part: {**one.actions.get(part, {}), **values}})

    def tags(**values: object) -> Callable[[Repository], object]:
        return lambda one: [kept.update(values) for kept in one.rulesets.values() if kept["name"] == "release-tags"]

    def policies(one: Repository) -> None:
        for environment in one.environments.values():
            environment["policies"] = []

    changes = {
        "features.issues": switch("has_issues", False),
        "features.projects": switch("has_projects", True),
        "merging.update_branch": switch("allow_update_branch", False),
        "merging.delete_branch": switch("delete_branch_on_merge", False),
        "main.resolve_conversations": rule("pull_request", required_review_thread_resolution=True),
        "main.check_app": rule("required_status_checks", required_status_checks=[{"context": "all-green"}]),
        "release_tags.enforced": tags(enforcement="disabled"),
        "release_tags.rules": tags(rules=[{"type": "deletion"}]),
        "actions.token": actions("workflow", default_workflow_permissions="write"),
        "actions.shared_with": actions("access", access_level="organization"),
        "oidc.immutable_subject": actions("oidc", use_immutable_subject=False),
        "forks.secrets": actions("forks", send_secrets_and_variables=True),
        "environment.branches": policies,
    }
    return {name: Drift(8, change) for name, change in changes.items()} | {
        name: Drift(8, one.change) for name, one in drifts(organisation).items()
    }


def files(fleet: Fleet) -> Callable[[Seeded], dict[str, str]]:
    """Return what draws the files of a repository."""
    source = fleet.organisation.template.repository

    def made(one: Seeded) -> dict[str, str]:
        if one.kind == "no-template":
            return {"README.md": "Mine.\n"}
        address = "https://example.com/other/template.git" if one.kind == "other-template" else source
        workflow = WORKFLOW.format(template=f"{fleet.hosting.owner}/{TEMPLATE}", ref=one.ref)
        return {
            ".copier-answers.yml": ANSWERS.format(version=one.version, source=address, name="demo"),
            ".github/workflows/on_pr.yml": workflow,
        }

    return made


def add_many(fleet: Fleet, count: int, seed: int = 1, **more: Any) -> list[Seeded]:  # noqa: ANN401
    """Add many repositories to a fleet; the first one, which they are copied from, is archived."""
    organisation = fleet.hub.state.organisation(fleet.hosting.owner)
    assert organisation is not None
    if fleet.hub.state.repository(f"{fleet.hosting.owner}/{MODEL}") is None:
        fleet.add(MODEL)
    fleet.hosting.repository(MODEL).settings["archived"] = False
    given: dict[str, Any] = {"versions": VERSIONS, "refs": REFS, "drifts": drifts(organisation), **more}
    made = populate(fleet.hub, f"{fleet.hosting.owner}/{MODEL}", count, seed=seed, files=files(fleet), **given)
    fleet.hosting.repository(MODEL).settings["archived"] = True
    return made
