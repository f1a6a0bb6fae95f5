"""What can go wrong, at each request: the others are not affected, nothing is reported falsely, the next run completes.

The rows of the matrix are faults, the columns the requests of a run. The number of cases is printed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, once, once_query, query_error, refusal
from rnd import cli
from rnd.errors import RndError
from rnd.fleet import governor
from rnd.fleet.apply import Applier
from rnd.fleet.comparison import settings_of
from rnd.fleet.governor import Governor, Paused
from rnd.fleet.inventory import Selection
from rnd.fleet.plan_file import make_plan
from rnd.fleet.reading import Reader
from rnd.fleet.report import groups
from rnd.fleet.view import look
from rnd.github.graphql import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.faults import Fault
    from rnd.fleet.facts import Facts
    from tests.helpers.fleet import Fleet

NAMES = ["rnd-a", "rnd-b", "rnd-c"]
SECONDARY = "You have exceeded a secondary rate limit."
PRIMARY = "API rate limit exceeded for user ID 1."
BLOCKED = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry "
    "your request again later."
)
BAD, LATER = "bad", "later"  # this repository fails; the run ends


def half_an_hour() -> str:
    """Return the moment in half an hour, in seconds since 1970."""
    return str(int(time.time()) + 1800)


# Fault: the answer, and what it means where it is not transient.
REST: dict[str, tuple[Any, str]] = {
    "401": (lambda: refusal(401, "Bad credentials"), BAD),
    "403": (lambda: refusal(403, "Must have admin rights to Repository."), BAD),
    "404": (lambda: refusal(404, "Not Found"), BAD),
    "403 secondary, a second": (lambda: refusal(403, SECONDARY, Retry_After="0"), ""),
    "403 secondary, half an hour": (lambda: refusal(403, SECONDARY, Retry_After="1800"), LATER),
    "429, half an hour": (lambda: refusal(429, "Too many requests", Retry_After="1800"), LATER),
    # The budget of the hour is used up, by whomever has the same token.
    "403 primary": (lambda: refusal(403, PRIMARY, X_RateLimit_Remaining="0", X_RateLimit_Reset=half_an_hour()), LATER),
    "502": (lambda: refusal(502, "Bad Gateway"), ""),
    "cut": (lambda: DROP, ""),
}
QUERIES = ("Repositories", "Tags", "Details", "Rulesets", "Teams", "Files")
GRAPHQL: dict[str, Callable[[], Any]] = {
    "401": lambda: refusal(401, "Bad credentials"),
    "403 secondary, half an hour": lambda: refusal(403, SECONDARY, Retry_After="1800"),
    "200 RATE_LIMITED": lambda: query_error("RATE_LIMITED", "API rate limit exceeded."),
    "200 resource limits": lambda: query_error("RESOURCE_LIMITS_EXCEEDED", "Resource limits exceeded."),
    "200 without data": lambda: query_error("INTERNAL", "Something went wrong."),
    "429, half an hour": lambda: refusal(429, "Too many requests", Retry_After="1800"),
    "403 primary": lambda: refusal(403, PRIMARY, X_RateLimit_Remaining="0", X_RateLimit_Reset=half_an_hour()),
    "502": lambda: refusal(502, "Bad Gateway"),
    "504": lambda: refusal(504, "Gateway Timeout"),
    "cut": lambda: DROP,
}


@pytest.fixture
def three(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A fleet of three repositories."""
    monkeypatch.setattr(governor, "PAUSE", 0.0)
    for name in NAMES:
        fleet.add(name)
    return fleet


def drift(fleet: Fleet) -> None:
    for name in NAMES:
        fleet.hosting.repository(name).settings["has_wiki"] = True


def wiki(fleet: Fleet) -> list[bool]:
    return [fleet.hosting.repository(name).settings["has_wiki"] for name in NAMES]


def requests(fleet: Fleet) -> list[tuple[str, str]]:
    """Return the requests about the second repository when all goes well."""
    drift(fleet)
    fleet.hub.calls.clear()
    assert cli.main(["fleet", "apply", "--quiet"]) == 0
    return [(method, path) for method, path, _ in fleet.hub.calls if path.endswith("/rnd-b")]


def at(place: int, sent: list[tuple[str, str]], outcome: Any, phase: Any) -> Fault:  # noqa: ANN401
    """Return a fault of one of the requests."""
    method, path = sent[place]
    return once(method, path, outcome, phase, skip=[one[0] for one in sent[:place]].count(method))


def test_each_request_of_apply(three: Fleet) -> None:
    sent = requests(three)
    cases = 0
    for name, (outcome, meaning) in REST.items():
        for place in range(len(sent)):
            for phase in ("before", "after"):
                drift(three)
                three.hub.faults[:] = [at(place, sent, outcome(), phase)]
                code = cli.main(["fleet", "apply", "--quiet"])
                case = f"{name}, {phase} {sent[place][0]} {place}"
                assert code == (1 if meaning == BAD else 0), case
                first, _, last = wiki(three)
                assert first is False, case
                assert last is (meaning == LATER or name == "401"), case
                three.hub.faults.clear()
                if any(wiki(three)):
                    assert cli.main(["fleet", "apply", "--quiet"]) == 0, case
                assert wiki(three) == [False] * 3, case
                cases += 1
    print(f"apply: {cases} cases, {len(REST)} faults of {len(sent)} requests, before and after GitHub acts")
    assert cases == len(REST) * len(sent) * 2


def test_each_query_of_status(three: Fleet) -> None:
    """A fault hides something, or is overcome; it never makes up a difference, and never hides one as in order."""
    three.hosting.repository("rnd-b").settings["has_wiki"] = True
    whole = three.facts()
    cases = 0
    for name, outcome in GRAPHQL.items():
        for query in QUERIES:
            three.hub.faults[:] = [once_query(query, outcome())]
            found: dict[str, Facts] = {}
            with suppress(Paused, RndError):
                found = three.facts()
            for repository, facts in found.items():
                check(whole[repository], facts, f"{name}, {query}, {repository}")
            cases += 1
    three.hub.faults.clear()
    print(f"status: {cases} cases, {len(GRAPHQL)} faults of {len(QUERIES)} queries")
    assert three.facts() == whole


def check(whole: Facts, facts: Facts, case: str) -> None:
    """Compare what is known with what is so: it may be less, and then it says so."""
    assert set(facts.changes) <= set(whole.changes), case
    missing = {change.key for change in whole.changes} - {change.key for change in facts.changes}
    assert missing <= set(facts.unknown) or facts.error is not None, case
    for field in ("behind", "workflows", "main"):
        assert getattr(facts, field) in {getattr(whole, field), None, "unknown"}, case


@pytest.mark.parametrize("field", ["rulesets", "environment", "head", "workflows", "answers"])
def test_a_part_without_an_answer_is_unknown(three: Fleet, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """A null with an error is neither a difference nor in order, and concerns no other repository."""

    def partial(client: Any, query: str, variables: Any) -> Answer:  # noqa: ANN401
        answer = ask(client, query, variables)
        for place, node in enumerate(answer.data.get("nodes") or ()):
            if "query Details" in query and node["name"] == "rnd-b":
                node[field] = None
                error = {"type": "INTERNAL", "path": ["nodes", place, field], "message": "Something went wrong."}
                return Answer(answer.data, [error])
        return answer

    monkeypatch.setattr("rnd.fleet.reading.ask", partial)
    view = three.look()
    found = {one.member.name: one for one in view.repositories}
    assert [one.error for one in (found["rnd-a"], found["rnd-c"])] == [None, None]
    assert found["rnd-b"].error == "Something went wrong"
    assert found["rnd-b"].changes == ()
    assert [one.member.name for one in view.unreadable] == ["rnd-b"]
    assert found["rnd-a"].changes == ()
    if field == "rulesets":
        unknown = found["rnd-b"].unknown
        assert {key.partition(".")[0] for key in unknown} == {"main", "release_tags"}
        assert dict(groups(view)["settings"]) == {"as configured": 2, "unknown": 1}


def test_killed_at_any_request_the_next_run_completes(three: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before a request is sent, or after GitHub acted on it and before the answer was read."""
    drift(three)
    three.hub.calls.clear()
    assert cli.main(["fleet", "apply", "--quiet"]) == 0
    total = len(three.hub.calls)
    random = Random(15)
    for point in random.sample(range(2 * total), 20):
        drift(three)
        left = [point // 2]

        def killed(*_: object, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Governor, "heard" if point % 2 else "pace", killed)
            assert cli.main(["fleet", "apply", "--quiet"]) == 130
        assert cli.main(["fleet", "apply", "--quiet"]) == 0
        assert wiki(three) == [False] * 3
        three.hub.calls.clear()
        assert cli.main(["fleet", "apply", "--quiet"]) == 0
        assert [method for method, path, _ in three.hub.calls if method != "GET" and "graphql" not in path] == []


def test_a_block_of_content_with_budget_left(three: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub does not say for how long, so the run waits a minute, tries again, and ends if the block stays."""
    drift(three)
    waited: list[float] = []
    blocked = [True]

    def block(request: Any, phase: str) -> Any:  # noqa: ANN401
        return refusal(403, BLOCKED) if phase == "before" and request.method == "PATCH" and blocked[0] else None

    three.hub.faults.append(block)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnd.retry.time.sleep", waited.append)
        assert cli.main(["fleet", "apply"]) == 0
        said = capsys.readouterr()
        assert "3 not reached" in said.out
        assert "GitHub's limits end this run" in said.err
        assert waited
        assert min(waited) >= 60
        blocked[0] = False
        assert cli.main(["fleet", "apply"]) == 0
    assert wiki(three) == [False] * 3


def apply_all(fleet: Fleet) -> dict[str, int]:
    """Apply org.yml to the fleet as the command does, and return the numbers of results."""
    governor = Governor(sleep=lambda _: None)
    with fleet.client(governor) as client:
        reader = Reader(client, governor)
        view = look(reader, fleet.organisation, Selection())
        plan = make_plan(view, client.addresses.api, settings_of(reader, fleet.organisation))
        return Applier(client, fleet.organisation, governor).run(plan.repositories, {}, {}).count()


def test_two_runs_at_once(three: Fleet) -> None:
    """A second run, started while the first one writes, finds what is done and changes nothing twice."""
    drift(three)
    counts: list[dict[str, int]] = []

    def second(request: Any, phase: str) -> None:  # noqa: ANN401
        if phase == "after" and request.method == "PATCH" and not counts:
            counts.append({})
            counts.append(apply_all(three))

    three.hub.calls.clear()
    three.hub.faults.append(second)
    assert cli.main(["fleet", "apply", "--quiet"]) == 0
    assert counts == [{}, {"applied": 2}]
    assert wiki(three) == [False] * 3
    assert [method for method, _, _ in three.hub.calls].count("PATCH") == 3
    three.hub.faults.clear()
    three.hub.calls.clear()
    assert cli.main(["fleet", "apply", "--quiet"]) == 0
    assert [method for method, path, _ in three.hub.calls if method != "GET" and "graphql" not in path] == []


def test_answers_that_name_another_template_are_only_compared(three: Fleet) -> None:
    """An address in an answers file is only compared: nothing is sent to it, and the repository is not of the fleet."""
    three.add("rnd-other", source=f"{three.hub.url}/elsewhere/secret?x=", in_order=False)
    three.add("rnd-odd", answers="_src_path: [http://127.0.0.1:1/x]\n_commit: {a: b}\n", in_order=False)
    three.hub.calls.clear()
    view = three.look()
    assert [one.member.name for one in view.repositories] == NAMES
    assert view.skipped == {"not from this template": 3}
    assert [path for _, path, _ in three.hub.calls if "elsewhere" in path] == []
