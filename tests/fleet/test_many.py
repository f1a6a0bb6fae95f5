"""A thousand seeded repositories: exactly the seeded differences are found, within the budget."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx

from rnd.fleet.facts import behind
from tests.helpers.git import git
from tests.helpers.many import REASONS, add_many

if TYPE_CHECKING:
    from rnd.fleet.facts import Facts
    from tests.helpers.fleet import Fleet

# `RND_TEST_REPOSITORIES=10000` runs the larger size of the goals.
COUNT = int(os.environ.get("RND_TEST_REPOSITORIES", "1000"))
TAGS = ("1.0.0", "1.1.0")


def points(fleet: Fleet) -> int:
    """Return what GitHub charges for the queries so far, by its formula."""
    return sum(query.points for query in fleet.hub.queries)


def test_a_thousand(fleet: Fleet) -> None:
    made = add_many(fleet, COUNT, seed=1)
    fleet.hub.calls.clear()
    fleet.hub.queries.clear()
    start = time.perf_counter()
    view = fleet.look()
    seconds = time.perf_counter() - start
    rest = [path for _, path, _ in fleet.hub.calls if "graphql" not in path]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    said = f"{len(fleet.hub.queries)} queries, {points(fleet)} points, {len(rest)} REST calls"
    print(f"status of {COUNT}: {said}, {seconds:.1f} s, {memory} MB")
    assert points(fleet) <= 100 * COUNT / 1000
    assert view.points == points(fleet)
    assert len(rest) <= 10

    plain = {one.repository.id: one for one in made if one.kind == "plain"}
    found: dict[int, Facts] = {one.member.id: one for one in view.repositories}
    assert found.keys() == plain.keys()
    skipped = Counter(REASONS[one.kind] for one in made if one.kind != "plain")
    skipped.update(["archived", "not from this template"])  # the model, and the template itself
    assert view.skipped == dict(skipped)
    for number, one in plain.items():
        seen = found[number]
        keys = {change.key for change in seen.changes} - {"environment.branches"}
        assert keys == set(one.drifts), one.name
        assert seen.workflows == one.ref
        assert seen.member.version == one.version
        assert seen.behind == behind(one.version, TAGS)
        assert seen.member.name == one.name
        assert (seen.error, seen.unknown) == (None, ())


def test_many_seeds(fleet: Fleet) -> None:
    made = [one for seed in range(2, 21) for one in add_many(fleet, 30, seed, prefix=f"seed-{seed}", hostile=0)]
    found = {one.member.name: {change.key for change in one.changes} for one in fleet.look().repositories}
    assert {name: keys - {"environment.branches"} for name, keys in found.items()} == {
        one.name: set(one.drifts) for one in made if one.kind == "plain"
    }


def test_a_plain_script_over_rest_says_the_same(fleet: Fleet) -> None:
    """Read independently: the REST API and git, without any module of `rnd`."""
    add_many(fleet, 25, seed=7, hostile=0)
    headers = {"Authorization": f"Bearer {fleet.hosting.token}"}
    with httpx.Client(base_url=fleet.hub.api_url, headers=headers, trust_env=False) as client:
        said = {one.member.name: plainly(fleet, client, one.member.name) for one in fleet.look().repositories}
    assert said
    for one in fleet.look().repositories:
        keys = {change.key for change in one.changes} & PLAIN
        assert (one.member.version, keys) == said[one.member.name], one.member.name


PLAIN = {
    "features.wiki",
    "merging.automatic",
    "topics",
    "main.up_to_date",
    "main.approvals",
    "teams.mlops",
    "environment.name",
}


def plainly(fleet: Fleet, client: httpx.Client, name: str) -> tuple[str, set[str]]:
    """Return the version of the template and the settings that differ, as a plain script reads them."""
    path = f"/repos/{fleet.hosting.owner}/{name}"
    answers = git(fleet.hosting.repository(name).folder, "show", "HEAD:.copier-answers.yml")
    whole = client.get(path).json()
    teams = {team["slug"]: team["permission"] for team in client.get(f"{path}/teams").json()}
    listed = client.get(f"{path}/rulesets").json()
    ruleset = client.get(f"{path}/rulesets/{next(one['id'] for one in listed if one['name'] == 'main')}").json()
    rules = {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}
    differs = {
        "features.wiki": whole["has_wiki"],
        "merging.automatic": not whole["allow_auto_merge"],
        "topics": "research" not in whole["topics"],
        "main.up_to_date": not rules["required_status_checks"]["strict_required_status_checks_policy"],
        "main.approvals": rules["pull_request"]["required_approving_review_count"] != 0,
        "teams.mlops": teams.get("mlops") != "admin",
        "environment.name": client.get(f"{path}/environments/publish").status_code == 404,
    }
    return answers.partition("_commit: ")[2].partition("\n")[0], {key for key, is_so in differs.items() if is_so}
