"""The device flow: a device asks, a person confirms in a browser, the device gets its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fake_github_tests.acme import client

if TYPE_CHECKING:
    from fake_github import FakeGitHub

CLIENT = "Iv1.rehearsal"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
JSON = {"Accept": "application/json"}


@pytest.fixture
def device(hub: FakeGitHub) -> dict[str, Any]:
    """A device that has asked."""
    hub.add_user("ada")
    hub.device_interval = 0
    return begin(hub, CLIENT)


def begin(hub: FakeGitHub, client_id: str) -> dict[str, Any]:
    asked = {"client_id": client_id, "scope": "repo workflow read:org"}
    said: dict[str, Any] = httpx.post(f"{hub.url}/login/device/code", data=asked, headers=JSON).json()
    return said


def exchange(hub: FakeGitHub, device: dict[str, Any]) -> dict[str, Any]:
    asked = {"client_id": CLIENT, "device_code": device["device_code"], "grant_type": GRANT}
    said: dict[str, Any] = httpx.post(f"{hub.url}/login/oauth/access_token", data=asked, headers=JSON).json()
    return said


def confirm(hub: FakeGitHub, device: dict[str, Any], answer: str) -> httpx.Response:
    form = {"user_code": device["user_code"].lower(), "login": "ada", "password": hub.password, "answer": answer}
    return httpx.post(device["verification_uri"], data=form)


def test_the_token_comes_when_somebody_has_confirmed(hub: FakeGitHub, device: dict[str, Any]) -> None:
    assert exchange(hub, device)["error"] == "authorization_pending"
    assert "name=user_code" in httpx.get(device["verification_uri"]).text
    assert "all set" in confirm(hub, device, "allow").text
    said = exchange(hub, device)
    assert said["scope"] == "read:org,repo,workflow"
    ada = client(hub, said["access_token"])
    assert ada.rest.users.get_authenticated().parsed_data.login == "ada"
    assert exchange(hub, device)["error"] == "incorrect_device_code"  # once only


def test_who_says_no_gives_nothing(hub: FakeGitHub, device: dict[str, Any]) -> None:
    confirm(hub, device, "deny")
    assert exchange(hub, device)["error"] == "access_denied"


def test_who_asks_too_often_is_slowed_down(hub: FakeGitHub) -> None:
    hub.device_interval = 5
    device = begin(hub, CLIENT)
    said = exchange(hub, device)
    assert (said["error"], said["interval"]) == ("slow_down", 10)


def test_codes_end_and_strangers_get_none(hub: FakeGitHub, device: dict[str, Any]) -> None:
    assert begin(hub, "Iv1.unknown") == {"error": "Not Found"}
    hub.devices[device["device_code"]].expires = 0
    assert exchange(hub, device)["error"] == "expired_token"
    unknown = {"user_code": "AAAA-AAAA", "login": "ada", "password": hub.password}
    assert httpx.post(device["verification_uri"], data=unknown).status_code == 404


@pytest.mark.parametrize("password", [None, "", "guess", "\u00e9"])
def test_another_user_of_the_machine_cannot_confirm(
    hub: FakeGitHub, device: dict[str, Any], password: str | None
) -> None:
    """The server listens for everybody on this machine, and its jobs run as whoever started it."""
    form = {"user_code": device["user_code"], "login": "ada", "answer": "allow"}
    said = httpx.post(device["verification_uri"], data=form if password is None else form | {"password": password})
    assert said.status_code == 403
    assert hub.password not in httpx.get(device["verification_uri"]).text
    assert exchange(hub, device)["error"] == "authorization_pending"


@pytest.mark.parametrize("path", ["/login/device", "/api/v3/", "/acme/demo.git/info/refs"])
def test_another_host_name_is_refused(hub: FakeGitHub, path: str) -> None:
    port = hub.host.partition(":")[2]
    for host in (f"evil.example:{port}", "127.0.0.1", f"127.0.0.1.evil.example:{port}"):
        assert httpx.get(hub.url + path, headers={"Host": host}).status_code == 421
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        assert httpx.get(hub.url + path, headers={"Host": host}).status_code != 421
