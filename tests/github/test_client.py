"""The client: what GitHub says no to, what it fails at by chance, and what is made once whatever happens."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, once, refusal
from rnd import retry
from rnd.errors import RndError, UsageError
from rnd.github.client import Client, find_addresses
from rnd.github.errors import (
    AlreadyThere,
    GitHubRefused,
    GitHubUnavailable,
    NotThere,
    PlanLacks,
    RateLimited,
    SignInNeeded,
    SignOnNeeded,
)
from tests.helpers.logs import retries

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from rnd.github.client import Kit
    from tests.helpers.github import Hosting

ME = "/api/v3/user"


def login(client: Client) -> str:
    """Ask who asks."""
    return client.read(lambda kit: kit.rest.users.get_authenticated())["login"]


def test_who_asks(hosting: Hosting) -> None:
    with hosting.client as client:
        assert login(client) == hosting.login


@pytest.mark.parametrize(
    ("status", "message", "headers", "error"),
    [
        (401, "Bad credentials", {}, SignInNeeded),
        (403, "Resource not accessible by personal access token", {}, GitHubRefused),
        (403, "Resource protected", {"X_GitHub_SSO": "required; url=https://github.example/sso"}, SignOnNeeded),
        (403, "Upgrade to GitHub Pro or make this repository public to enable this feature.", {}, PlanLacks),
        (404, "Not Found", {}, NotThere),
        (409, "Git Repository is empty.", {}, GitHubRefused),
        (422, "Validation Failed", {}, GitHubRefused),
    ],
)
def test_a_refusal_is_final_and_says_what_github_said(
    hosting: Hosting, status: int, message: str, headers: dict[str, str], error: type[RndError]
) -> None:
    hosting.hub.faults.append(once("GET", ME, refusal(status, message, **headers)))
    with hosting.client as client, pytest.raises(error) as caught:
        login(client)
    assert type(caught.value) is error
    assert headers.get("X_GitHub_SSO", message).partition("url=")[2] or message.rstrip(".") in caught.value.message
    assert len(hosting.hub.calls) == 1


@pytest.mark.parametrize(
    "outcome",
    [
        DROP,
        refusal(500, "Server Error"),
        refusal(502, "Bad Gateway"),
        refusal(403, "You have exceeded a secondary rate limit.", Retry_After="0"),
        refusal(429, "Too many requests", Retry_After="0"),
        refusal(422, "Repository creation failed: name already exists on this account"),
    ],
)
def test_what_fails_by_chance_is_tried_again_and_said(
    hosting: Hosting, caplog: pytest.LogCaptureFixture, outcome: Response
) -> None:
    hosting.hub.faults.append(once("GET", ME, outcome))
    with hosting.client as client:
        assert login(client) == hosting.login
    (reason,) = retries(caplog)
    assert re.search(r"[^.]\. Trying again in 0 s \(1 of 3\)\.$", reason)


def test_a_limit_is_waited_for_as_long_as_github_asks(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("rnd.retry.time.sleep", waited.append)
    hosting.hub.faults.append(once("GET", ME, refusal(429, "Too many", Retry_After="7")))
    with hosting.client as client:
        assert login(client) == hosting.login
    assert waited == [7.0]


def test_an_hour_is_not_waited_for(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnd.retry.time.sleep", lambda _: pytest.fail("it waits"))
    limit = refusal(403, "API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset="99999999999")
    hosting.hub.faults.append(once("GET", ME, limit))
    with hosting.client as client, pytest.raises(RateLimited) as caught:
        login(client)
    assert caught.value.wait > 3600
    assert re.search(r"403 API rate limit exceeded\. Its limit ends in \d+ minutes\.$", caught.value.message)


def test_there_is_an_end(hosting: Hosting) -> None:
    hosting.hub.faults.append(lambda _, __: refusal(500, "Server Error"))
    with hosting.client as client, pytest.raises(GitHubUnavailable):
        login(client)
    assert len(hosting.hub.calls) == len(retry.DELAYS) + 1


def test_nobody_listens(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    with hosting.client as client, pytest.raises(GitHubUnavailable, match="could not be reached"):
        login(client)


@pytest.mark.parametrize("address", ["ftp://example.com", "https://me:secret@example.com"])
@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_SERVER_URL"])
def test_an_address_that_is_none(name: str, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_addresses({name: address})
    assert "secret" not in caught.value.message


def test_githubs_own_addresses_are_the_default() -> None:
    addresses = find_addresses({})
    assert (addresses.api, addresses.server) == ("https://api.github.com", "https://github.com")
    assert addresses.host == "github.com"


class TestEnsure:
    """Something is made once, though a call that makes it was cut, refused by chance, or not shown at once."""

    @pytest.mark.parametrize("phase", ["before", "after"])
    @pytest.mark.parametrize("outcome", [DROP, refusal(500, "Server Error")])
    @pytest.mark.parametrize("delay", [0, 2])
    def test_once(self, hosting: Hosting, phase: str, outcome: Response, delay: int) -> None:
        hub, owner = hosting.hub, hosting.owner
        hub.faults.append(once("POST", f"/api/v3/orgs/{owner}/repos", outcome, phase))  # pyrefly: ignore[bad-argument-type]
        hub.read_delay = delay
        with hosting.client as client:
            found = client.create_once(
                lambda: client.get_or_none(lambda kit: kit.rest.repos.get(owner, "demo")),
                lambda kit: kit.rest.repos.create_in_org(owner, name="demo", private=True),
            )
        hub.read_delay = 0
        assert found is not None
        assert found["full_name"] == f"{owner}/demo"
        assert sum(1 for name in hub.state.repositories if name.startswith(f"{owner}/")) == 1

    def test_what_is_taken_and_not_shown(self, hosting: Hosting) -> None:
        def make(kit: Kit) -> Any:  # noqa: ANN401
            return kit.rest.repos.create_in_org(hosting.owner, name="demo", private=True)

        with hosting.client as client:
            client.request(make)
            with pytest.raises(AlreadyThere):
                client.create_once(lambda: None, make)


@pytest.mark.slow
def test_every_page_of_a_list(hosting: Hosting) -> None:
    with hosting.client as client:
        for number in range(101):
            client.send(lambda kit, number=number: kit.rest.repos.create_in_org(hosting.owner, name=f"demo-{number}"))
        names = [
            one["name"]
            for one in client.paginate(
                lambda kit, page: kit.rest.repos.list_for_org(hosting.owner, per_page=100, page=page)
            )
        ]
    assert len(set(names)) == len(names) == 101


def test_the_token_is_hidden_in_what_others_say(hosting: Hosting) -> None:
    hosting.hub.faults.append(once("GET", ME, refusal(422, f"no: {hosting.token}")))
    with hosting.client as client, pytest.raises(GitHubRefused) as caught:
        login(client)
    assert hosting.token not in caught.value.message
    assert "[hidden]" in caught.value.message


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "githubkit", None)
    with pytest.raises(RndError, match="The extra `github` of rnd is not installed") as caught:
        Client(find_addresses(os.environ), None)
    assert "rnd-template[github]" in caught.value.hint
