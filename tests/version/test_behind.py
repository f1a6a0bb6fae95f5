"""A branch that is behind: git sees a conflict in the version, and the README's command settles it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd import cli, manifest
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from tests.helpers.repository import Repository


def test_mains_version_is_taken_and_then_the_right_one_set(locked: Repository) -> None:
    for branch, message in (("topic", "fix: a"), ("other", "feat: b")):
        locked.git("switch", "--quiet", "--create", branch, "main")
        locked.commit(message)
        assert cli.main(["version", "set", "--commit", "--quiet"]) == 0
    locked.git("branch", "--force", "main", "other")
    locked.git("update-ref", "refs/remotes/origin/main", "main")
    locked.release("0.5.0")
    locked.git("switch", "--quiet", "topic")

    readme = (ROOT / "template" / "README.md.jinja").read_text(encoding="utf-8")
    found = re.search(r"`git (merge [^`]*origin/main)`", readme)
    assert found is not None
    locked.git(*found[1].split(), "--no-edit")
    assert manifest.read_version(locked.path) == manifest.read_lock_version(locked.path) == "0.5.0"
    assert cli.main(["version", "set", "--commit", "--quiet"]) == 0
    assert manifest.read_version(locked.path) == manifest.read_lock_version(locked.path) == "0.5.1"
