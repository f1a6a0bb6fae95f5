"""Random states of a repository: everything that both APIs show of it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from hypothesis import strategies as some

from fake_github.deployments import PROTECTION
from fake_github.documents.repositories import DEFAULTS
from fake_github.populate import Drift, open_pull, populate
from fake_github_tests.acme import pull_request_rule

if TYPE_CHECKING:
    from fake_github.populate import Seeded
    from fake_github.state import Document, Repository
    from fake_github_tests.acme import Acme

NUMBERS = count()
MOMENT = "2026-05-04T03:02:01Z"
ROLES = ("pull", "triage", "push", "maintain", "admin")
SWITCHES = sorted({name for name, value in DEFAULTS.items() if isinstance(value, bool)} - {"archived", "private"})
words = some.text("abc-0", min_size=1, max_size=5).filter(lambda word: word[0] != "-")
flags = some.booleans()

# What `PATCH /repos/{owner}/{repo}` can set, in the combinations that GitHub accepts.
squash = some.sampled_from([
    ("PR_TITLE", "PR_BODY"), ("PR_TITLE", "BLANK"), ("PR_TITLE", "COMMIT_MESSAGES"),
    ("COMMIT_OR_PR_TITLE", "COMMIT_MESSAGES"),
])  # fmt: skip
merge = some.sampled_from([("PR_TITLE", "PR_BODY"), ("PR_TITLE", "BLANK"), ("MERGE_MESSAGE", "PR_TITLE")])
switches = some.fixed_dictionaries(dict.fromkeys(SWITCHES, flags))
descriptions = some.none() | some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=40)

simple = some.sampled_from(["deletion", "non_fast_forward", "required_linear_history", "creation"])
required = some.builds(
    lambda strict, names: {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": strict,
            "do_not_enforce_on_create": not strict,
            "required_status_checks": [{"context": name} for name in names],
        },
    },
    flags,
    some.lists(words, max_size=2, unique=True),
)
rules = some.lists(
    simple.map(lambda kind: {"type": kind}) | some.just(pull_request_rule()) | required,
    max_size=4,
    unique_by=lambda rule: str(rule["type"]),
)
actors = some.sampled_from([
    {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"},
    {"actor_type": "RepositoryRole", "actor_id": 2, "bypass_mode": "pull_request"},
    {"actor_type": "OrganizationAdmin", "actor_id": 1, "bypass_mode": "always"},
    {"actor_type": "Team", "actor_id": 0, "bypass_mode": "always"},  # gets the id of a team that there is
])  # fmt: skip
rulesets = some.lists(
    some.fixed_dictionaries({
        "name": words,
        "target": some.sampled_from(["branch", "tag"]),
        "enforcement": some.sampled_from(["active", "disabled", "evaluate"]),
        "conditions": some.builds(
            lambda include, exclude: {"ref_name": {"include": include, "exclude": exclude}},
            some.lists(some.sampled_from(["~ALL", "~DEFAULT_BRANCH", "refs/heads/dev"]), unique=True),
            some.lists(some.just("refs/heads/x"), max_size=1),
        ),
        "rules": rules,
        "bypass_actors": some.lists(actors, max_size=3, unique_by=str),
    }),
    max_size=2,
    unique_by=lambda one: str(one["name"]),
)  # fmt: skip
checks = some.lists(
    some.tuples(
        some.sampled_from(["one", "two"]),
        some.sampled_from([None, "success", "failure", "neutral", "skipped", "cancelled", "timed_out"]),
    ),
    min_size=1,
    max_size=2,
)
statuses = some.lists(
    some.tuples(some.sampled_from(["ci", "lint"]), some.sampled_from(["success", "failure", "error", "pending"])),
    max_size=1,
)
states = some.fixed_dictionaries({
    "switches": switches, "description": descriptions, "squash": squash, "merge": merge,
    "visibility": some.sampled_from(["public", "private"]),
    "topics": some.lists(words, max_size=4, unique=True),
    "kind": some.sampled_from(["plain", "plain", "plain", "fork", "mirror", "disabled", "no-main", "empty"]),
    "rulesets": rulesets,
    "environments": some.dictionaries(words, some.none() | flags, max_size=2),
    "role": some.none() | some.sampled_from(ROLES),
    "checks": checks, "statuses": statuses,
    "pull": some.sampled_from(["open", "draft", "closed", "merged"]),
})  # fmt: skip


def environment(name: str, number: int, *, protected: bool | None) -> Document:
    """Return an environment, with protected branches, with branches of its own, or open to all."""
    policy = None
    if protected is not None:
        policy = {"protected_branches": protected, "custom_branch_policies": not protected}
    kept = {"id": number, "name": name, "created_at": MOMENT, "updated_at": MOMENT, "policies": []}
    waits = {**PROTECTION, "wait_timer": len(name)} if protected else PROTECTION
    return {**kept, **waits, "deployment_branch_policy": policy}


def make(acme: Acme, state: Document) -> Seeded:
    """Add a repository in a state."""
    hub = acme.hub
    organisation = hub.state.organisation("Acme")
    assert organisation is not None
    builders = organisation.teams["builders"]

    def change(one: Repository) -> None:
        kept: Document = one.settings
        kept |= state["switches"] | {"description": state["description"], "visibility": state["visibility"]}
        kept |= {"private": state["visibility"] == "private", "archived": False}
        kept["squash_merge_commit_title"], kept["squash_merge_commit_message"] = state["squash"]
        kept["merge_commit_title"], kept["merge_commit_message"] = state["merge"]
        one.topics = state["topics"]
        for ruleset in state["rulesets"]:
            number = hub.state.next_id()
            bypass = [
                {**actor, "actor_id": builders.id if actor["actor_type"] == "Team" else actor["actor_id"]}
                for actor in ruleset["bypass_actors"]
            ]
            times = {"created_at": MOMENT, "updated_at": MOMENT}
            one.rulesets[number] = {"id": number, **ruleset, "bypass_actors": bypass, **times}
        for name, protected in state["environments"].items():
            one.environments[name] = environment(name, hub.state.next_id(), protected=protected)
        if state["role"] is not None:
            builders.repositories[one.full_name] = state["role"]

    one = populate(
        hub,
        "Acme/rover",
        1,
        seed=0,
        files=lambda seeded: {"README.md": f"{seeded.name}\n", "src/speed.txt": "fast\n"},
        drifts={"state": Drift(100, change)},
        kinds={state["kind"]: 100},
        hostile=0,
        renamed=0,
        prefix=f"probe-{next(NUMBERS)}",
    )[0]
    report(acme, one, state)
    return one


def report(acme: Acme, one: Seeded, state: Document) -> None:
    """Add check runs, statuses and a pull request to a repository that has a commit."""
    if one.head is None:
        return
    hub, repository, ada = acme.hub, one.repository, acme.hub.state.accounts["ada"]
    for name, conclusion in state["checks"]:
        number = hub.state.next_id()
        status = "in_progress" if conclusion is None else "completed"
        repository.check_runs[number] = {
            "id": number, "head_sha": one.head, "name": name, "external_id": "", "details_url": None, "suite": number,
            "account": ada, "output": {}, "status": status, "conclusion": conclusion, "started_at": MOMENT,
            "completed_at": None if conclusion is None else MOMENT,
        }  # fmt: skip
    for context, word in state["statuses"]:
        repository.statuses.append({
            "id": hub.state.next_id(), "sha": one.head, "context": context, "state": word, "description": None,
            "target_url": None, "account": ada, "created_at": MOMENT, "updated_at": MOMENT,
        })  # fmt: skip
    kind = state["pull"]
    pull = open_pull(hub, one, ada, "update", {"README.md": "new\n"}, draft=kind == "draft")
    if kind in {"closed", "merged"}:
        pull.state, pull.closed_at = "closed", MOMENT
    if kind == "merged":
        pull.merged_at, pull.merged_by, pull.merge_commit = MOMENT, ada, pull.head
