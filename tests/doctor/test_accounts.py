"""What `rnd doctor` says of the accounts: signed in or not, allowed or not, there or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.doctor.accounts import examine_accounts
from rnd.organisation import load_organisation
from rnd.organisation.github import Apps
from tests.helpers.github import SCOPES
from tests.helpers.logs import retries

if TYPE_CHECKING:
    from rnd.doctor.machine import Finding
    from rnd.organisation import Organisation
    from rnd_rehearsal.package_index import PackageIndex
    from tests.helpers.github import Hosting

NOWHERE = "http://127.0.0.1:9"  # nothing listens there


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no AWS account, on whatever machine this is."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOWHERE)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def found(hosting: Hosting, **changes: object) -> dict[str, Finding]:
    """Return what is found in a lab's accounts, by the service's name."""
    policy = hosting.policy.model_copy(update=changes)
    organisation: Organisation = load_organisation().model_copy(update={"github": policy})
    return {finding.name: finding for finding in examine_accounts(organisation)}


def test_signed_in_to_both(hosting: Hosting, index: PackageIndex) -> None:
    both = found(hosting)
    assert both["GitHub"].state == both["AWS"].state == "ok"
    assert both["GitHub"].found == f"{hosting.login} in {hosting.owner}, by GH_TOKEN"
    assert both["AWS"].found.endswith("in CodeArtifact")
    assert index.codeartifact.token not in str(both)
    assert hosting.token not in str(both)


@pytest.mark.parametrize(("client_id", "hint"), [("Iv1.rehearsal", "rnd github sign-in"), (None, "Set GH_TOKEN")])
def test_not_signed_in(hosting: Hosting, monkeypatch: pytest.MonkeyPatch, client_id: str | None, hint: str) -> None:
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.setenv("PATH", "")  # no `gh` either
    github = found(hosting, client_id=client_id)["GitHub"]
    assert (github.state, github.found) == ("optional", "not signed in")
    assert github.hint.startswith(hint)


def test_a_token_that_may_too_little(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (scopes, lacks) in enumerate([({"repo"}, "lacks the scope workflow"), (set(SCOPES), "no member")]):
        monkeypatch.setenv("GH_TOKEN", hosting.hub.add_user(f"stranger-{number}", scopes))
        github = found(hosting)["GitHub"]
        assert github.state == "optional"
        assert lacks in github.found


def test_services_that_cannot_be_reached_are_asked_once(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", NOWHERE)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    both = found(hosting)
    assert both["GitHub"].state == both["AWS"].state == "optional"
    assert "could not be reached" in both["GitHub"].found
    assert "could not be reached" in both["AWS"].found
    assert both["AWS"].hint == "aws sso login"
    assert retries(caplog) == []


def test_who_can_create_release_tags(hosting: Hosting) -> None:
    app = Apps(version="Iv1.acme-version", release="Iv1.acme-release")
    for apps in (None, app):
        tags = found(hosting, apps=apps)["release tags"]
        assert (tags.state, "every job and user with write access" in tags.found) == ("optional", True)
    tags = found(hosting, apps=app.model_copy(update={"release_id": 7}))["release tags"]
    assert tags.state == "ok"


def test_no_credentials_for_aws(hosting: Hosting) -> None:
    aws = found(hosting)["AWS"]
    assert (aws.state, aws.hint) == ("optional", "aws sso login")
    assert "credentials" in aws.found
