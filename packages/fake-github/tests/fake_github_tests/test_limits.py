"""Rate limits, on a clock that the tests move.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fake_github import FakeGitHub, Limits, ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
START = 1_800_000_000  # 2027-01-15T08:00:00Z


class Site:
    """An enforcing fake GitHub, a user's repository in it, and a client."""

    def __init__(self, hub: FakeGitHub, **limits: Any) -> None:  # noqa: ANN401
        self.hub, self.token = hub, hub.add_user("ada")
        self.client = httpx.Client(headers={"Authorization": f"Bearer {self.token}"})
        made = {"name": "rover", "auto_init": True}
        assert self.client.post(f"{hub.api_url}/user/repos", json=made).status_code == 201
        self.clock = ManualClock(START)
        hub.limits = self.limits = Limits(self.clock, enforced=True, **limits)

    def get(self, path: str = "/user") -> httpx.Response:
        return self.client.get(self.hub.api_url + path)

    def patch(self) -> httpx.Response:
        return self.client.patch(f"{self.hub.api_url}/repos/ada/rover", json={"has_wiki": False})

    def release(self, number: int) -> httpx.Response:
        tag = {"tag_name": f"v{number}"}
        return self.client.post(f"{self.hub.api_url}/repos/ada/rover/releases", json=tag)

    def ask(self, query: str = "{ viewer { login } }") -> httpx.Response:
        return self.client.post(self.hub.graphql_url, json={"query": query})


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """The sites that a test makes; their connections are closed at its end."""
    made: list[Site] = []
    yield made
    for site in made:
        site.client.close()


def make(sites: list[Site], hub: FakeGitHub, **limits: Any) -> Site:  # noqa: ANN401
    sites.append(Site(hub, **limits))
    return sites[-1]


def test_the_hour_is_used_up_and_comes_back(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, user=3)
    assert [site.get().status_code for _ in range(4)] == [200, 200, 200, 403]
    refused = site.get()
    number = hub.state.accounts["ada"].id
    assert refused.json()["message"] == f"API rate limit exceeded for user ID {number}."
    headers = {name: refused.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Used", "Resource")}
    assert headers == {"Limit": "3", "Remaining": "0", "Used": "3", "Resource": "core"}
    assert refused.headers["X-RateLimit-Reset"] == str(START + 3600)
    assert "Retry-After" not in refused.headers
    assert site.get("/rate_limit").json()["rate"]["remaining"] == 0  # asking is free
    site.clock.sleep(3600)
    assert site.get().status_code == 200
    assert site.limits.refusals == {"primary": 2}
    assert site.limits.requests == {"read": 4}


def test_all_tokens_of_a_user_share_one_limit(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, user=1)
    other = {"Authorization": f"Bearer {hub.add_user('ada')}"}
    eve = {"Authorization": f"Bearer {hub.add_user('eve')}"}
    assert site.get().status_code == 200
    assert httpx.get(f"{hub.api_url}/user", headers=other).status_code == 403
    assert httpx.get(f"{hub.api_url}/user", headers=eve).status_code == 200


def test_apps_and_workflows_have_limits_of_their_own(hub: FakeGitHub, sites: list[Site]) -> None:
    make(sites, hub, user=0, app=2, workflow=1)
    tokens = hub.app_token("ada/rover", {"contents": "read"}), hub.workflow_token("ada/rover", {"contents": "read"})
    for token, most in zip(tokens, (2, 1), strict=True):
        sign_in = {"Authorization": f"Bearer {token}"}
        said = [httpx.get(f"{hub.api_url}/repos/ada/rover", headers=sign_in).status_code for _ in range(most + 1)]
        assert said == [200] * most + [403]


def test_writes_take_five_points_of_a_minute(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, rest_points_per_minute=11, status=429)
    assert [site.patch().status_code, site.patch().status_code, site.get().status_code] == [200, 200, 200]
    refused = site.get()
    assert (refused.status_code, refused.json()["message"], refused.headers["Retry-After"]) == (429, SECONDARY, "60")
    assert refused.headers["X-RateLimit-Remaining"] == "4997"  # the hour has plenty left
    site.clock.sleep(int(refused.headers["Retry-After"]))
    assert site.get().status_code == 200
    assert site.limits.refusals == {"points": 1}


def test_retry_after_is_exact(hub: FakeGitHub, sites: list[Site]) -> None:
    """The limit is on any minute, not on each: it frees as requests grow old."""
    site = make(sites, hub, rest_points_per_minute=2)
    site.get()
    site.clock.sleep(20)
    site.get()
    assert site.get().headers["Retry-After"] == "40"
    site.clock.sleep(39)
    assert site.get().status_code == 403
    site.clock.sleep(1)
    assert site.get().status_code == 200


@pytest.mark.parametrize(("limit", "seconds"), [("content_per_minute", 60), ("content_per_hour", 3600)])
def test_content_creation_is_blocked_with_the_hour_half_full(
    hub: FakeGitHub, sites: list[Site], limit: str, seconds: int
) -> None:
    site = make(sites, hub, **{limit: 2})
    assert [site.release(number).status_code for number in range(3)] == [201, 201, 403]
    refused = site.release(3)
    assert "blocked from content creation" in refused.json()["message"]
    assert refused.headers["Retry-After"] == str(seconds)
    assert int(refused.headers["X-RateLimit-Remaining"]) > 4000
    assert site.patch().status_code == 200  # a change of settings is not content
    site.clock.sleep(seconds)
    assert site.release(4).status_code == 201
    assert site.limits.refusals == {"content": 2}
    assert site.limits.requests == {"content": 3, "write": 1}


def test_writes_in_haste_are_counted_and_not_refused(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub)
    site.patch()
    site.clock.sleep(1)
    site.patch()
    assert site.limits.hasty == 0
    site.clock.sleep(0.9)
    assert site.patch().status_code == 200
    assert site.limits.hasty == 1


def test_graphql_counts_points(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, user=3)
    two = """{ viewer { repositories(first: 100) { nodes { a: pullRequests(first: 1) { totalCount }
      b: pullRequests(first: 1) { totalCount } } } } rateLimit { cost remaining used resetAt } }"""
    found = site.ask(two).json()["data"]["rateLimit"]
    assert found == {"cost": 2, "remaining": 1, "used": 2, "resetAt": "2027-01-15T09:00:00Z"}
    refused = site.ask(two)
    assert refused.status_code == 200
    assert [error["type"] for error in refused.json()["errors"]] == ["RATE_LIMITED"]
    assert (refused.headers["X-RateLimit-Remaining"], refused.headers["X-RateLimit-Resource"]) == ("0", "graphql")
    assert site.ask().status_code == 200  # one point is left
    assert site.get().status_code == 200  # and REST has an hour of its own
    assert site.limits.points == {"graphql": 3, "core": 1}


def test_graphql_has_secondary_limits(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, graphql_points_per_minute=1)
    assert site.ask().status_code == 200
    refused = site.ask()
    assert (refused.status_code, refused.json()["message"], refused.headers["Retry-After"]) == (403, SECONDARY, "60")


def test_graphql_takes_cpu_time(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, seconds_per_node=0.25)
    query = "{ viewer { repositories(first: 100) { totalCount } } }"
    assert [site.ask(query).status_code for _ in range(3)] == [200, 200, 403]
    assert site.limits.refusals == {"cpu": 1}
    site.clock.sleep(60)
    assert site.ask(query).status_code == 200


def test_too_many_requests_at_the_same_time(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, concurrent=2)
    barrier = Barrier(3, timeout=20)

    def together(_request: object, phase: str) -> None:
        if phase == "before":
            barrier.wait()

    hub.faults.append(together)
    said: list[int] = []
    threads = [Thread(target=lambda: said.append(site.get().status_code)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 403 in said
    assert site.limits.most_at_once == 3
    assert site.limits.refusals["concurrent"] == said.count(403)


def test_times_follow_the_clock(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub)
    site.clock.sleep(90)
    assert site.release(1).json()["created_at"] == "2027-01-15T08:01:30Z"


def test_without_enforcement_all_is_counted_and_nothing_refused(hub: FakeGitHub, sites: list[Site]) -> None:
    site = make(sites, hub, user=2, rest_points_per_minute=2)
    site.limits.enforced = False
    assert {site.get().status_code for _ in range(5)} == {200}
    assert (site.limits.requests, site.limits.refusals) == ({"read": 5}, {})
