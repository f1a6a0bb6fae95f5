"""What a token may not do, said before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fake_github.faults import once, refusal
from rnd.github.errors import AppNotApproved
from rnd.github.permissions import examine
from rnd.github.sign_in import SCOPES

if TYPE_CHECKING:
    from tests.helpers.github import Hosting


class TestPermissions:
    """What a token may not do is said before anything is made."""

    def test_all_is_well(self, hosting: Hosting) -> None:
        with hosting.client as client:
            found = examine(client, hosting.owner)
        assert (found.login, found.is_owner, found.missing) == (hosting.login, False, ())

    @pytest.mark.parametrize("lacking", SCOPES)
    def test_a_scope_is_missing(self, hosting: Hosting, lacking: str) -> None:
        hosting.token = hosting.hub.add_user(hosting.login, set(SCOPES) - {lacking})
        with hosting.client as client:
            found = examine(client, hosting.owner)
        (fault,) = found.missing  # that GitHub does not say who is a member is no fault of its own
        assert f"lacks the scope {lacking}," in fault
        assert found.lacking == (lacking,)

    def test_a_wider_scope_holds_it(self, hosting: Hosting) -> None:
        hosting.token = hosting.hub.add_user(hosting.login, {"repo", "workflow", "admin:org"})
        with hosting.client as client:
            assert examine(client, hosting.owner).missing == ()

    def test_a_token_without_scopes_lacks_none(self, hosting: Hosting) -> None:
        """A fine-grained token has permissions instead; GitHub's header with the scopes is empty."""
        hosting.token = hosting.hub.add_user(hosting.login, set())
        with hosting.client as client:
            found = examine(client, hosting.owner)
        assert (found.scopes, found.lacking) == (None, ())

    def test_no_member(self, hosting: Hosting) -> None:
        hosting.token = hosting.hub.add_user("stranger", SCOPES)
        with hosting.client as client:
            (fault,) = examine(client, hosting.owner).missing
        assert fault == f"stranger is no member of the organisation {hosting.owner}."

    def test_an_app_that_the_organisation_has_not_approved(self, hosting: Hosting) -> None:
        said = f"Although you appear to have the correct authorization credentials, the `{hosting.owner}` organization "
        refused = refusal(403, f"{said}has enabled OAuth App access restrictions, meaning that data access is limited.")
        path = f"/api/v3/user/memberships/orgs/{hosting.owner}"
        hosting.hub.faults.append(once("GET", path, refused))
        with hosting.client as client, pytest.raises(AppNotApproved, match="has not approved the app"):
            examine(client, hosting.owner)

    def test_no_such_organisation(self, hosting: Hosting) -> None:
        with hosting.client as client:
            assert any("The organisation nobody does not exist" in fault for fault in examine(client, "nobody").missing)
