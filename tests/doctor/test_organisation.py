"""What `rnd doctor --organisation` says of GitHub: each step of a first organisation, right, wrong and not visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd.doctor.organisation import CHECKS, examine_github
from rnd.github.settings.policy import ACTIONS, faults
from rnd.organisation import load_organisation
from rnd.organisation.github import Apps
from rnd_rehearsal import workflow_files
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from fake_github.state import Organisation as HubOrganisation
    from rnd.doctor.machine import Finding
    from tests.helpers.github import Hosting


@pytest.fixture
def own(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> HubOrganisation:
    """The organisation, as one of its owners, with the template in it."""
    found = hosting.sign_in_as_owner(monkeypatch)
    with hosting.client as client:
        body: Any = {"name": "rnd-template", "private": True, "auto_init": True}
        client.send(lambda kit: kit.rest.repos.create_in_org(hosting.owner, data=body))
        main: Any = client.read(lambda kit: kit.rest.git.get_ref(hosting.owner, "rnd-template", "heads/main"))
        sha = main["object"]["sha"]
        client.send(lambda kit: kit.rest.git.create_ref(hosting.owner, "rnd-template", ref="refs/heads/v1", sha=sha))
    hosting.repository("rnd-template").actions["access"] = {"access_level": "organization"}
    return found


def findings(hosting: Hosting, **changes: object) -> dict[str, Finding]:
    shipped = load_organisation()
    template = shipped.template.model_copy(update={"repository": f"{hosting.hub.url}/{hosting.owner}/rnd-template"})
    github = hosting.policy.model_copy(update=changes)
    organisation = shipped.model_copy(update={"github": github, "template": template})
    return {found.name: found for found in examine_github(organisation)}


def test_all_is_well(hosting: Hosting, own: HubOrganisation) -> None:  # noqa: ARG001
    permissions = {"contents": "write", "workflows": "write"}
    version, _ = hosting.hub.add_app(f"version-{hosting.owner}", hosting.owner, permissions)
    release, _ = hosting.hub.add_app(f"release-{hosting.owner}", hosting.owner, permissions)
    found = findings(hosting, apps=Apps(version=version, release=release))
    assert list(found) == list(CHECKS)
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(CHECKS, "ok")


def test_what_only_owners_see_is_unknown_to_members(hosting: Hosting) -> None:
    found = findings(hosting)
    assert {found[name].state for name in ("GitHub plan", "Actions policy")} == {"optional"}
    assert "admin:org" in found["Actions policy"].hint


@pytest.mark.parametrize(
    ("name", "break_it", "said"),
    [
        ("GitHub plan", lambda one, _: setattr(one, "plan", "free"), "free"),
        ("Teams", lambda one, _: one.teams.clear(), "has no team"),
        (
            "Actions policy",
            lambda one, _: one.actions.update(permissions={"sha_pinning_required": True}),
            "full commit hash",
        ),
        ("Actions policy", lambda one, _: one.actions.update(permissions={"enabled": False}), "is disabled"),
        ("Shared actions", lambda _, there: there.actions.pop("access"), "does not share"),
        (
            "OIDC subjects",
            lambda _, there: there.actions.update(oidc={"use_default": True, "use_immutable_subject": False}),
            "former form",
        ),
    ],
)
def test_what_is_wrong(hosting: Hosting, own: HubOrganisation, name: str, break_it: Any, said: str) -> None:  # noqa: ANN401
    break_it(own, hosting.repository("rnd-template"))
    found = findings(hosting)[name]
    assert found.state == "missing"
    assert said in found.found
    assert found.hint


def test_an_app_without_its_permissions(hosting: Hosting, own: HubOrganisation) -> None:  # noqa: ARG001
    version, _ = hosting.hub.add_app(f"version-{hosting.owner}", hosting.owner, {"contents": "write"})
    release, _ = hosting.hub.add_app(f"release-{hosting.owner}", hosting.owner, {"contents": "write"})
    apps = findings(hosting, apps=Apps(version=version, release=release))["GitHub Apps"]
    assert (apps.state, apps.found) == ("missing", f"{release} lacks workflows: write")
    apps = findings(hosting, apps=Apps(version=version, release="Iv23none"))["GitHub Apps"]
    assert apps.found == "Iv23none is not installed"


def test_nobody_is_signed_in(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.setenv("PATH", "")
    (only,) = findings(hosting).values()
    assert (only.name, only.state) == ("GitHub sign-in", "missing")


@pytest.mark.parametrize(
    ("permissions", "selected", "said"),
    [
        ({"enabled": True, "allowed_actions": "all", "sha_pinning_required": False}, None, ""),
        ({"allowed_actions": "local_only"}, None, "Only actions of the organisation"),
        ({"allowed_actions": "selected"}, {"github_owned_allowed": True}, ""),
        ({"allowed_actions": "selected"}, {"patterns_allowed": ["actions/*"]}, ""),
        ({"allowed_actions": "selected"}, {"patterns_allowed": ["actions/checkout@*"]}, "lacks actions/attest,"),
    ],
)
def test_which_policies_stop_the_pipeline(permissions: dict[str, Any], selected: Any, said: str) -> None:  # noqa: ANN401
    found = faults(permissions, selected)
    assert bool(found) == bool(said)
    assert said in " ".join(found)


def test_the_list_of_actions_is_the_one_that_the_pipeline_uses() -> None:
    central = [*ROOT.glob("actions/*/action.yml"), *(ROOT / ".github/workflows").glob("*.yml")]
    called = {path for path in central if path.parent.parent.name == "actions" or "workflow_call" in path.read_text()}
    used = {
        action.partition("@")[0]
        for path in called
        for action in workflow_files.actions_of(workflow_files.load(path.read_text()))
    }
    assert {name for name in used if not name.startswith("$") and "rnd-template" not in name} == set(ACTIONS)
