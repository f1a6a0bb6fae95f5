"""A thousand seeded repositories: exactly the seeded differences are found, within the budget."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from typing import TYPE_CHECKING

from fake_github.limits import Limits
from rnd.fleet import governor
from rnd.fleet.facts import behind
from tests.helpers.machine import ROOT
from tests.helpers.many import REASONS, add_many, more_drifts
from tests.helpers.plain import Plain, answers, differences, wanted

if TYPE_CHECKING:
    import pytest

    from rnd.fleet.facts import Facts
    from tests.helpers.fleet import Fleet

# `RND_TEST_REPOSITORIES=10000` runs the larger size of the goals.
COUNT = int(os.environ.get("RND_TEST_REPOSITORIES", "1000"))
PLAIN = int(os.environ.get("RND_TEST_PLAIN", "25"))
TAGS = ("1.0.0", "1.1.0")


def points(fleet: Fleet) -> int:
    """Return what GitHub charges for the queries so far, by its formula."""
    return sum(query.points for query in fleet.hub.queries)


def test_a_thousand(fleet: Fleet) -> None:
    made = add_many(fleet, COUNT, seed=1)
    fleet.hub.calls.clear()
    fleet.hub.queries.clear()
    start = time.process_time()
    view = fleet.look()
    seconds = time.process_time() - start
    rest = [path for _, path, _ in fleet.hub.calls if "graphql" not in path]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    said = f"{len(fleet.hub.queries)} queries, {points(fleet)} points, {len(rest)} REST calls"
    print(f"status of {COUNT}: {said}, {seconds:.1f} s of a processor, {memory} MB")
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


def test_a_plain_script_over_rest_says_the_same(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read independently: the REST API and git, without any module of `rnd`: all settings, and what files say."""
    monkeypatch.setattr(governor, "POINTS", 5 * 900)  # so that 1,000 repositories are read without waiting
    monkeypatch.setattr(fleet.hub, "limits", Limits(user=12_500))  # as an app has in a large organisation
    made = add_many(fleet, PLAIN, seed=7, hostile=0, drifts=more_drifts(fleet))
    organisation = fleet.hub.state.organisation(fleet.hosting.owner)
    assert organisation is not None
    organisation.members[fleet.hosting.login] = "admin"
    plain = Plain(fleet.hub.api_url, fleet.hosting.token, fleet.hosting.owner)
    asked = wanted(ROOT / "org.yml")
    found = {one.member.name: one for one in fleet.look(full=True).repositories}
    assert found.keys() == {one.name for one in made if one.kind == "plain"}
    seen: Counter[str] = Counter()
    for name, one in found.items():
        settings = plain.settings(name)
        assert settings.keys() >= asked.keys() - {key for key in asked if key.startswith(("teams.", "environment."))}
        keys = {change.key for change in one.changes}
        assert keys == differences(settings, asked), name
        assert (one.member.version, one.workflows) == answers(fleet.hosting.repository(name).folder), name
        assert (one.unknown, one.not_read, one.error) == ((), (), None)
        seen.update(keys)
    print(f"a plain script over REST: {len(found)} repositories, {len(asked)} settings, {seen.total()} differences")
    assert seen
