"""Every setting of a repository: a change made by hand is found, printed and reverted; then nothing is left to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rnd import cli
from rnd.github.settings.plan import guards
from rnd.github.settings.setting import RepositoryContext
from rnd.organisation import load_organisation
from tests.helpers.machine import ACME
from tests.helpers.settings import (
    REPOSITORY,
    RULESET,
    TAGS,
    Organisation,
    apply,
    disturb,
    drift,
    keys,
    with_app,
)

if TYPE_CHECKING:
    import pytest

    from tests.helpers.github import Hosting


def test_a_new_repository_is_set_up_and_then_left_alone(context: RepositoryContext, hosting: Hosting) -> None:
    assert apply(context)
    assert drift(context) == []
    hosting.hub.calls.clear()
    assert apply(context) == []
    assert {method for method, _, _ in hosting.hub.calls} == {"GET"}


def test_the_settings_of_another_organisation(context: RepositoryContext, hosting: Hosting) -> None:
    """A made-up organisation has another value for every setting."""
    other = with_app(hosting, load_organisation(ACME).github)
    hosting.hub.state.organisation(hosting.owner).teams |= hosting.hub.add_organisation(  # pyrefly: ignore[missing-attribute]
        "acme-robotics", teams={team: [] for team in other.teams}
    ).teams
    assert apply(context)
    elsewhere = RepositoryContext(context.client, context.repository, other.model_copy(update={"owner": hosting.owner}))
    changed = {change.key for change in drift(elsewhere)}
    fixed = {key for setting in guards(elsewhere) for key in setting.wanted} | {"main.check_app"}
    fixed |= {"main.enforced", "main.branches", "main.deletion", "main.forced_push", "main.pull_request"}
    assert set(keys(elsewhere)) - changed <= fixed | {"main.other_rules", "default_branch", "merging.squash_message"}
    apply(elsewhere)
    assert drift(elsewhere) == []


ALL = (
    *REPOSITORY,
    *RULESET,
    "topics",
    *(f"teams.{team}" for team in load_organisation().github.teams),
    "actions.token",
    "actions.approve_pull_requests",
    "actions.shared_with",
    "environment.name",
    "environment.branches",
    "oidc.default_subject",
    "oidc.immutable_subject",
    "forks.write_tokens",
    "forks.secrets",
    *TAGS,
)


def test_every_setting_is_covered(context: RepositoryContext) -> None:
    assert set(keys(context)) == set(ALL)


def test_each_change_made_by_hand_is_found_and_reverted(context: RepositoryContext) -> None:
    apply(context)
    for key in ALL:
        disturb(context, key)
        assert key in [change.key for change in drift(context)]
        assert apply(context), key
        assert drift(context) == [], key


# One or more of each endpoint, which can differ at the same time.
TOGETHER = (
    *("features.wiki", "merging.methods", "main.enforced", "main.bypass", "release_tags.refs", "topics"),
    *(f"teams.{team}" for team in load_organisation().github.teams),
    *("actions.token", "environment.branches", "oidc.immutable_subject", "forks.secrets", "default_branch"),
)


def test_the_commands_find_and_revert_what_was_changed_by_hand(
    context: RepositoryContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: Organisation(context))
    named = ["--repository", str(context.repository)]
    apply(context)
    capsys.readouterr()
    assert cli.main(["github", "check", *named]) == 0
    assert capsys.readouterr().out == f"{context.repository} matches org.yml.\n"

    for key in TOGETHER:
        disturb(context, key)
    wanted = {change.key for change in drift(context)}
    assert wanted >= set(TOGETHER)
    for arguments, code in ((["check"], 3), (["apply", "--plan"], 0)):
        assert cli.main(["github", *arguments, *named]) == code
        said = capsys.readouterr().out
        assert [key for key in wanted if key not in said] == []
    assert cli.main(["github", "check", "--json", *named]) == 3
    assert {change["key"] for change in json.loads(capsys.readouterr().out)["drift"]} == wanted
    assert {change.key for change in drift(context)} == wanted, "a plan changes nothing"

    assert cli.main(["github", "apply", *named]) == 0
    assert cli.main(["github", "check", *named]) == 0
    capsys.readouterr()
    assert cli.main(["github", "apply", "--json", *named]) == 0
    assert {step["result"] for step in json.loads(capsys.readouterr().out)["steps"]} == {"done"}
