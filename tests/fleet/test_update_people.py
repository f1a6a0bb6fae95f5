"""What people and their machines do beside a tick: a branch is deleted, an approval is required, hooks fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.updates import World

pytestmark = pytest.mark.slow

FAILING = "#!/bin/sh\necho hook >> {log}\nexit 1\n"


def test_a_person_deletes_the_branch(world: World) -> None:
    """GitHub closes the pull request of a deleted branch: that refuses the release, and not the next one."""
    world.add("rnd-c")
    world.give("1.1.0")
    assert world.tick() == 0
    place = (world.fleet.hosting.owner, "rnd-c")
    with world.fleet.hosting.client as client:
        client.send(lambda kit: kit.rest.git.delete_ref(*place, "heads/rnd/template"))
    assert world.tick() == 0
    assert [pull.state for pull in world.pulls("rnd-c")] == ["closed"]
    world.release("1.2.0")
    world.give("1.2.0")
    assert world.tick() == 0
    assert [(pull.state, pull.title[-5:]) for pull in world.pulls("rnd-c")] == [("closed", "1.1.0"), ("open", "1.2.0")]
    assert "release 1.2.0" in world.show("rnd-c")


def test_a_merge_that_needs_an_approval_waits_for_people(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.add("rnd-a")
    world.give("1.1.0", "canary")
    assert world.tick() == 0
    world.pipelines()
    rule: Any = {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": 1,
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": False,
            "require_last_push_approval": False,
            "required_review_thread_resolution": False,
        },
    }
    conditions: Any = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    ruleset: Any = {"name": "reviews", "enforcement": "active", "conditions": conditions, "rules": [rule]}
    place = (world.fleet.hosting.owner, "rnd-a")
    with world.fleet.hosting.client as client:
        client.send(lambda kit: kit.rest.repos.create_repo_ruleset(*place, data=ruleset))
        (made,) = client.read(lambda kit: kit.rest.repos.get_repo_rulesets(*place))
    capsys.readouterr()
    assert cli.main(["fleet", "update", "--plan"]) == 3
    assert cli.main(["fleet", "update"]) == 0
    assert world.pull("rnd-a").merged_at is None
    assert "approving review" in (said := capsys.readouterr().out), said
    with world.fleet.hosting.client as client:  # what an approval does: the rule no longer stands in the way
        client.send(lambda kit: kit.rest.repos.delete_repo_ruleset(*place, made["id"]))
    assert world.tick() == 0
    assert world.pull("rnd-a").merged_at is not None


def test_hooks_of_the_machine_do_not_run(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company may set hooks for all repositories; they are about people's commits, and these could fail."""
    log, hooks = tmp_path / "log", tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "commit-msg", "post-commit", "pre-push", "post-checkout", "reference-transaction"):
        (hooks / name).write_text(FAILING.format(log=log), encoding="utf-8")
        (hooks / name).chmod(0o755)
    world.add("rnd-c")
    world.give("1.1.0")
    git(tmp_path, "config", "--global", "core.hooksPath", str(hooks))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks.parent))
    assert world.tick() == 0
    assert world.pull("rnd-c").state == "open"
    assert not log.exists() or log.read_text(encoding="utf-8") == ""
