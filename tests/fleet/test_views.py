"""The REST API and GraphQL give the same settings of a repository, in every state that the fake GitHub can have."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnd.github.settings.diff import compare
from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.refs import VERSIONS
from rnd.organisation.github import MERGED, SQUASHED
from tests.helpers.git import git
from tests.helpers.settings import with_app

if TYPE_CHECKING:
    from fake_github.state import Document, Organisation, Repository
    from tests.helpers.fleet import Fleet

SWITCHES = (
    "has_issues",
    "has_projects",
    "has_wiki",
    "allow_auto_merge",
    "allow_update_branch",
    "delete_branch_on_merge",
)
METHODS = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")
RULES = ("deletion", "non_fast_forward", "required_linear_history", "creation")
ACTORS: list[Document] = [
    {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"},
    {"actor_type": "RepositoryRole", "actor_id": 4, "bypass_mode": "pull_request"},
    {"actor_type": "OrganizationAdmin", "actor_id": 1, "bypass_mode": "always"},
    {"actor_type": "Team", "actor_id": 0, "bypass_mode": "always"},
    {"actor_type": "DeployKey", "actor_id": None, "bypass_mode": "always"},
]
APP: Document = {"actor_type": "Integration", "actor_id": 0, "bypass_mode": "always"}
FORKS = ("send_write_tokens_to_workflows", "send_secrets_and_variables")
SUBJECTS: list[Document] = [
    {"use_default": True, "use_immutable_subject": True},
    {"use_default": True, "use_immutable_subject": False},
    {"use_default": False, "use_immutable_subject": True, "include_claim_keys": ["repo"]},
]
BRANCHES = st.lists(
    st.sampled_from(["refs/heads/main", "refs/heads/dev", "~ALL", "~DEFAULT_BRANCH"]), max_size=2, unique=True
)


@st.composite
def rulesets(draw: st.DrawFn) -> Document:
    rules: list[Document] = [{"type": kind} for kind in draw(st.sets(st.sampled_from(RULES)))]
    if draw(st.booleans()):
        parameters = {
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": draw(st.booleans()),
            "require_last_push_approval": False,
            "required_approving_review_count": draw(st.integers(0, 3)),
            "required_review_thread_resolution": draw(st.booleans()),
        }
        rules.append({"type": "pull_request", "parameters": parameters})
    if draw(st.booleans()):
        checks = [
            {"context": name}
            for name in draw(st.lists(st.sampled_from(["all-green", "lint"]), max_size=2, unique=True))
        ]
        checked: Document = {
            "required_status_checks": checks,
            "strict_required_status_checks_policy": draw(st.booleans()),
            "do_not_enforce_on_create": False,
        }
        rules.append({"type": "required_status_checks", "parameters": checked})
    return {
        "name": draw(st.sampled_from(["main", "main", "other"])),
        "target": "branch",
        "enforcement": draw(st.sampled_from(["active", "disabled"])),
        "conditions": {"ref_name": {"include": draw(BRANCHES), "exclude": draw(BRANCHES)}},
        "rules": rules,
        "bypass_actors": draw(st.lists(st.sampled_from(ACTORS), max_size=3, unique_by=str)),
    }


@st.composite
def repository_settings(draw: st.DrawFn) -> Document:
    squash, merge = draw(st.sampled_from(SQUASHED)).split(), draw(st.sampled_from(MERGED)).split()
    visibility = draw(st.sampled_from(["private", "public"]))
    methods = draw(st.sets(st.sampled_from(METHODS), min_size=1))
    return {
        **{name: draw(st.booleans()) for name in SWITCHES},
        **{name: name in methods for name in METHODS},
        "squash_merge_commit_title": squash[0],
        "squash_merge_commit_message": squash[1],
        "merge_commit_title": merge[0],
        "merge_commit_message": merge[1],
        "visibility": visibility,
        "private": visibility != "public",
    }


@st.composite
def states(draw: st.DrawFn) -> Document:
    policy = draw(st.sampled_from([None, "protected", "custom"]))
    return {
        "settings": draw(repository_settings()),
        "topics": draw(st.lists(st.sampled_from(["research", "own", "x"]), unique=True)),
        "default_branch": draw(st.sampled_from(["main", "other"])),
        "ruleset": draw(st.none() | rulesets()),
        "teams": draw(
            st.dictionaries(
                st.sampled_from(["mlops", "research-shared"]),
                st.sampled_from(["pull", "triage", "push", "maintain", "admin"]),
            )
        ),
        "environment": draw(st.booleans()),
        "policy": policy,
        "policies": draw(st.lists(st.sampled_from(["main", "release/*"]), max_size=2, unique=True))
        if policy == "custom"
        else [],
        "token": draw(st.sampled_from(["read", "write"])),
        "approve": draw(st.booleans()),
        "access": draw(st.sampled_from(["none", "organization"])),
        "tags": draw(st.none() | tag_rulesets("release-tags", ("deletion", "update"))),
        "creation": draw(st.none() | tag_rulesets("release-tags-creation", ("creation",))),
        "oidc": draw(st.sampled_from(SUBJECTS)),
        "forks": {name: draw(st.booleans()) for name in FORKS},
        "above": {
            "workflow": {
                "default_workflow_permissions": draw(st.sampled_from(["read", "write"])),
                "can_approve_pull_request_reviews": draw(st.booleans()),
            },
            "forks": {name: draw(st.booleans()) for name in FORKS},
        },
    }


@st.composite
def tag_rulesets(draw: st.DrawFn, name: str, kinds: tuple[str, ...]) -> Document:
    include = draw(st.sampled_from([list(VERSIONS), ["refs/tags/v*"], ["~ALL"]]))
    return {
        "name": name,
        "target": draw(st.sampled_from(["tag", "tag", "branch"])),
        "enforcement": draw(st.sampled_from(["active", "disabled"])),
        "conditions": {"ref_name": {"include": include, "exclude": draw(st.sampled_from([[], ["refs/tags/9*"]]))}},
        "rules": [{"type": kind} for kind in draw(st.sets(st.sampled_from(kinds)))],
        "bypass_actors": draw(st.lists(st.sampled_from([*ACTORS, APP]), max_size=3, unique_by=str)),
    }


def put_rulesets(one: Repository, numbers: dict[str, int], state: Document) -> None:
    """Give a repository the rulesets of a state, with the ids of actors by their types."""
    one.rulesets.clear()
    for number, kept in enumerate(state[name] for name in ("ruleset", "tags", "creation")):
        if kept is None:
            continue
        ruleset = copy.deepcopy(kept)
        for actor in ruleset["bypass_actors"]:
            actor["actor_id"] = numbers.get(actor["actor_type"], actor["actor_id"])
        moment = "2026-11-24T00:00:00Z"
        one.rulesets[900001 + number] = {
            "id": 900001 + number, **ruleset, "created_at": moment, "updated_at": moment
        }  # fmt: skip


def put_environment(one: Repository, state: Document) -> None:
    """Give a repository the environment of a state."""
    one.environments.clear()
    if state["environment"]:
        policy: Any = {
            None: None,
            "protected": {"protected_branches": True, "custom_branch_policies": False},
            "custom": {"protected_branches": False, "custom_branch_policies": True},
        }[state["policy"]]
        listed = [
            {"id": 7 + n, "node_id": f"P{n}", "name": name, "type": "branch"}
            for n, name in enumerate(state["policies"])
        ]
        one.environments["publish"] = {
            "id": 900012,
            "name": "publish",
            "created_at": "2026-11-24T00:00:00Z",
            "updated_at": "2026-11-24T00:00:00Z",
            "wait_timer": 0,
            "reviewers": [],
            "prevent_self_review": False,
            "deployment_branch_policy": policy,
            "policies": listed,
        }


def put(one: Repository, organisation: Organisation, state: Document, app: int) -> None:
    """Bring a repository of the fake GitHub into a state."""
    one.settings |= state["settings"]
    one.topics = state["topics"]
    one.default_branch = state["default_branch"]
    for slug, team in organisation.teams.items():
        team.repositories.pop(one.full_name, None)
        if slug in state["teams"]:
            team.repositories[one.full_name] = state["teams"][slug]
    put_rulesets(one, {"Team": organisation.teams["mlops"].id, "Integration": app}, state)
    put_environment(one, state)
    one.actions["workflow"] = {
        "default_workflow_permissions": state["token"],
        "can_approve_pull_request_reviews": state["approve"],
    }
    one.actions["access"] = {"access_level": state["access"]}
    one.actions["oidc"] = state["oidc"]
    one.actions["forks"] = state["forks"]
    organisation.actions = state["above"]


@pytest.mark.slow
def test_both_views_are_equal(fleet: Fleet) -> None:
    config = with_app(fleet.hosting, fleet.organisation.github)
    assert config.apps is not None
    app = config.apps.release_id or 0
    fleet.organisation = fleet.organisation.model_copy(update={"github": config})
    there = fleet.add("rnd-one")
    git(fleet.hosting.repository("rnd-one").folder, "branch", "other", "main")
    one, found = fleet.hosting.repository("rnd-one"), fleet.hub.state.organisation(fleet.hosting.owner)
    assert found is not None
    organisation = found
    organisation.members[fleet.hosting.login] = "admin"  # who still sees it, whatever its teams may do
    fleet.hub.state.tokens[fleet.hosting.token].scopes |= {"admin:org"}  # so the defaults are visible
    seen: set[str] = set()

    @settings(max_examples=20, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(states())
    def check(state: Document) -> None:
        put(one, organisation, state, app)
        with fleet.hosting.client as client:
            listed = settings_and_guards(fleet.context(client, there.name))
            by_rest = [change for setting in listed for change in compare(setting.wanted, setting.read())]
        facts = fleet.facts(full=True)["rnd-one"]
        assert facts.unknown == ()
        assert facts.error is None
        assert sorted(facts.changes, key=str) == sorted(by_rest, key=str)
        seen.update(change.key for change in by_rest)

    check()
    with fleet.hosting.client as client:
        assert seen == {
            key for setting in settings_and_guards(fleet.context(client, there.name)) for key in setting.wanted
        }
