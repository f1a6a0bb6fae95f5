"""A branch that is behind: git sees a conflict in the version, and the README's command settles it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd import cli
from rnd.release import manifest
from tests.conftest import ROOT

if TYPE_CHECKING:
    import pytest

    from tests.release.conftest import Repository

LOCKED = 'version = 1\n\n[[package]]\nname = "demo"\nversion = "0.4.1"\nsource = { editable = "." }\n'


def test_mains_version_is_taken_and_then_the_right_one_set(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.path)
    repository.manifest("0.4.1")
    (repository.path / "uv.lock").write_text(LOCKED)
    repository.git("add", "--all")
    repository.commit("feat: everything so far")
    repository.release("0.4.1")
    for branch, message in (("topic", "fix: a"), ("other", "feat: b")):
        repository.git("switch", "--quiet", "--create", branch, "main")
        repository.commit(message)
        assert cli.main(["version", "set", "--commit", "--quiet"]) == 0
    repository.git("branch", "--force", "main", "other")
    repository.git("update-ref", "refs/remotes/origin/main", "main")
    repository.release("0.5.0")
    repository.git("switch", "--quiet", "topic")

    readme = (ROOT / "template" / "README.md.jinja").read_text(encoding="utf-8")
    found = re.search(r"`git (merge [^`]*origin/main)`", readme)
    assert found is not None
    repository.git(*found[1].split(), "--no-edit")
    assert manifest.read_version(repository.path) == manifest.read_lock_version(repository.path) == "0.5.0"
    assert cli.main(["version", "set", "--commit", "--quiet"]) == 0
    assert manifest.read_version(repository.path) == manifest.read_lock_version(repository.path) == "0.5.1"
