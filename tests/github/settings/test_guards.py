"""Settings that org.yml does not have: release tags, the template's own repository, stricter choices of a team."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.helpers.settings import apply, disturb, drift, edit_ruleset, parameters, with_app

if TYPE_CHECKING:
    from rnd.github.settings.setting import RepositoryContext
    from tests.helpers.github import Hosting


@pytest.mark.slow
def test_only_the_release_app_creates_release_tags(context: RepositoryContext, hosting: Hosting) -> None:
    apply(context)
    context = dataclasses.replace(context, config=with_app(hosting, context.config))
    assert {change.key.partition(".")[0] for change in drift(context)} == {"release_tags_creation"}
    apply(context)
    assert drift(context) == []
    (ruleset,) = [one for one in hosting.repository().rulesets.values() if one["name"] == "release-tags-creation"]
    assert [rule["type"] for rule in ruleset["rules"]] == ["creation"]
    edit_ruleset(
        context.client, context.repository, lambda found: found.update(bypass_actors=[]), "release-tags-creation"
    )
    assert [change.key for change in drift(context)] == ["release_tags_creation.bypass"]
    for part in ("enforced", "refs", "rules", "bypass"):
        apply(context)
        assert drift(context) == []
        disturb(context, f"release_tags_creation.{part}")
        assert [change.key for change in drift(context)] == [f"release_tags_creation.{part}"]


def test_the_template_s_own_repository(context: RepositoryContext, hosting: Hosting) -> None:
    """Its actions stay shared, whatever org.yml says of other repositories, and its branch moves only forward."""
    context = dataclasses.replace(context, central_ref="v1", config=with_app(hosting, context.config))
    apply(context)
    assert drift(context) == []
    assert hosting.repository().actions["access"] == {"access_level": "organization"}
    rulesets = {one["name"]: one for one in hosting.repository().rulesets.values()}
    assert rulesets.keys() == {"main", "release-tags", "central-workflows"}
    assert rulesets["central-workflows"]["conditions"]["ref_name"]["include"] == ["refs/heads/v1", "refs/heads/v1-*"]


def test_stricter_choices_of_a_team_stay(context: RepositoryContext, hosting: Hosting) -> None:
    apply(context)
    stricter = {
        "allowed_merge_methods": ["squash"],
        "dismiss_stale_reviews_on_push": True,
        "require_last_push_approval": True,
        "required_reviewers": [
            {"file_patterns": ["*.lock"], "minimum_approvals": 1, "reviewer": {"id": 1, "type": "Team"}}
        ],
    }
    edit_ruleset(context.client, context.repository, parameters("pull_request", **stricter))
    edit_ruleset(
        context.client, context.repository, lambda found: found["rules"].append({"type": "creation"}), "release-tags"
    )
    assert drift(context) == []
    disturb(context, "main.approvals")
    disturb(context, "release_tags.rules")
    apply(context)
    assert drift(context) == []
    rulesets = {one["name"]: one for one in hosting.repository().rulesets.values()}
    rule = next(rule for rule in rulesets["main"]["rules"] if rule["type"] == "pull_request")
    assert stricter.items() <= rule["parameters"].items()
    assert [rule["type"] for rule in rulesets["release-tags"]["rules"]] == ["deletion", "update", "creation"]
