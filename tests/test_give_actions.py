"""The branches that repositories call the central actions at: each release is a commit on top, never forced."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rnd.errors import UsageError
from rnd.fleet.central import Remote, change, read
from rnd.fleet.errors import LedgerUnwritten
from rnd.fleet.ledger import Entry, Ledger, give, take_back
from rnd.organisation import load_organisation
from rnd.organisation.fleet import Fleet, Ring
from tests.helpers.git import git
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
RINGS = {"canary": Ring(repositories=["rnd-a"]), "early": Ring(share=10), "all": Ring()}
ORGANISATION = load_organisation().model_copy(update={"fleet": Fleet(rings=RINGS)})
RELEASES = ("1.4.0", "1.5.0", "1.6.0")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a remote that refuses every forced push, with three releases on main."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(tmp_path / "remote.git", "config", "receive.denyNonFastForwards", "true")
    git(tmp_path, "clone", "--quiet", "remote.git", "clone")
    for release in RELEASES:
        release_in(tmp_path / "clone", release)
    git(tmp_path / "clone", "push", "--quiet", "origin", "main", *RELEASES)
    return tmp_path / "clone"


def release_in(clone: Path, release: str) -> None:
    (clone / "pyproject.toml").write_text(f'[project]\nname = "x"\nversion = "{release}"\n', encoding="utf-8")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", f"feat: {release}")
    git(clone, "tag", release)


def remote(clone: Path) -> Remote:
    return Remote(str(clone.parent / "remote.git"), None, "https://github.com")


def giving(release: str, *rings: str) -> Callable[[Ledger], list[Entry]]:
    return lambda ledger: give(ledger, ORGANISATION, rings, release, NOW)


def tree(clone: Path, branch: str) -> str:
    """Return the release whose files a branch has."""
    return git(clone.parent / "remote.git", "show", f"{branch}:pyproject.toml").partition('version = "')[2].strip('"\n')


def test_given_taken_back_and_given_again_without_force(clone: Path) -> None:
    git(clone, "push", "--quiet", "origin", "main~2:refs/heads/v1")  # as before there was a ledger
    for ring in RINGS:
        change(remote(clone), ORGANISATION, giving("1.5.0", ring))
        assert tree(clone, "v1-canary") == "1.5.0"
        assert tree(clone, "v1") == ("1.5.0" if ring == "all" else "1.4.0")
    change(remote(clone), ORGANISATION, lambda ledger: take_back(ledger, ORGANISATION, "1.4.0", NOW))
    assert (tree(clone, "v1"), tree(clone, "v1-canary")) == ("1.4.0", "1.4.0")
    change(remote(clone), ORGANISATION, giving("1.6.0", *RINGS))
    assert (tree(clone, "v1"), tree(clone, "v1-canary")) == ("1.6.0", "1.6.0")
    found = read(remote(clone), ORGANISATION)
    assert {ring: one.release for ring, one in found.rings.items()} == dict.fromkeys(RINGS, "1.6.0")
    log = git(clone.parent / "remote.git", "log", "--first-parent", "--format=%s", "v1")
    assert log.splitlines() == [
        "chore: give 1.6.0 to early, all",
        "chore: take back 1.5.0",
        "chore: give 1.5.0 to all",
        "chore: give 1.5.0 to early",
        "feat: 1.4.0",
    ]


def test_another_push_comes_first(clone: Path) -> None:
    change(remote(clone), ORGANISATION, giving("1.4.0", *RINGS))
    plans = []

    def plan(ledger: Ledger) -> list[Entry]:
        plans.append({ring: one.release for ring, one in ledger.rings.items()})
        if len(plans) == 1:  # somebody else gives the same release meanwhile
            change(remote(clone), ORGANISATION, giving("1.5.0", "canary"))
        return give(ledger, ORGANISATION, ["canary"], "1.6.0", NOW)

    assert len(change(remote(clone), ORGANISATION, plan)) == 1
    assert [one["canary"] for one in plans] == ["1.4.0", "1.5.0"]
    assert tree(clone, "v1-canary") == "1.6.0"


def test_it_says_when_it_could_not(clone: Path) -> None:
    with pytest.raises(UsageError, match=r"no release 2\.0\.0"):
        change(remote(clone), ORGANISATION, giving("2.0.0", "canary"))
    hook = clone.parent / "remote.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(LedgerUnwritten, match="pre-receive hook declined"):
        change(remote(clone), ORGANISATION, giving("1.6.0", "canary"))
    with pytest.raises(LedgerUnwritten, match="ls-remote"):
        read(remote(clone)._replace(url=str(clone.parent / "nowhere")), ORGANISATION)


def run(clone: Path, commit: str) -> subprocess.CompletedProcess[str]:
    git(clone, "checkout", "--quiet", "--detach", commit)
    argv = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1]); from scripts.give_actions import main; sys.exit(main())",
        str(ROOT),
    ]
    return subprocess.run(argv, cwd=clone, capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.slow
def test_the_workflow_gives_to_the_first_ring_and_a_repeated_run_takes_nothing_back(clone: Path) -> None:
    first = next(iter(load_organisation().fleet.rings))
    for release, expected in (("1.4.0", "1.4.0"), ("1.4.0", "1.4.0"), ("1.6.0", "1.6.0"), ("1.5.0", "1.6.0")):
        ended = run(clone, release)
        assert ended.returncode == 0, ended.stderr
        assert read(remote(clone), load_organisation()).rings[first].release == expected
    git(clone, "remote", "set-url", "origin", "nowhere")
    ended = run(clone, "main")
    assert ended.returncode == 1
    assert "error: git ls-remote" in ended.stderr
