"""The last release where several branches have releases, in real repositories."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnd.errors import UsageError
from rnd.version import history
from rnd.version.tags import newest
from tests.helpers.repository import Repository


def read(repository: Repository) -> history.History:
    return history.read(str(repository.path))


def messages(found: history.History) -> list[str]:
    return [commit["message"].rstrip("\n") for commit in found["commits"]]


@pytest.mark.slow
def test_of_many_tags_on_other_branches_the_highest_in_the_past_counts(released: Repository) -> None:
    """The nearest tag in the past is not the highest one there, and hundreds of higher ones are elsewhere."""
    released.commit("feat: a")
    released.release("0.10.0")
    released.commit("fix: b")
    released.release("0.9.1")
    released.commit("fix: c")
    released.git("switch", "--quiet", "--create", "next")
    released.commit("feat!: d")
    for number in range(300):
        released.git("tag", f"1.{number}.0")
    released.git("switch", "--quiet", "main")
    found = read(released)
    assert (found["release"], messages(found)) == ("0.10.0", ["fix: c", "fix: b"])
    passed_over = history.read(str(released.path), "0.10.0")
    assert (passed_over["release"], messages(passed_over)) == ("0.9.1", ["fix: c"])


def test_a_branch_named_like_the_release_confuses_nobody(released: Repository) -> None:
    released.commit("fix: a")
    released.git("branch", "0.4.1")
    assert messages(read(released)) == ["fix: a"]


@pytest.mark.parametrize("date", ["2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"], ids=["older", "newer"])
def test_a_release_of_another_branch_is_not_in_the_past(
    released: Repository, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    released.git("switch", "--quiet", "--create", "next")
    released.commit("feat!: a")
    released.release("1.0.0")
    released.git("switch", "--quiet", "main")
    monkeypatch.setenv("GIT_COMMITTER_DATE", date)
    released.commit("fix: b")
    found = read(released)
    assert (found["release"], messages(found)) == ("0.4.1", ["fix: b"])
    assert "1.0.0" in found["tags"]


def test_an_old_commit_checked_out_again_knows_nothing_of_later_releases(released: Repository) -> None:
    released.commit("feat: a")
    released.release("0.5.0")
    released.git("switch", "--quiet", "--detach", "0.4.1")
    assert read(released)["release"] == "0.4.1"


def test_a_merge_brings_the_commits_of_its_branch(released: Repository) -> None:
    released.git("switch", "--quiet", "--create", "topic")
    released.commit("feat: on the branch")
    released.git("switch", "--quiet", "main")
    released.commit("fix: on main")
    released.git("merge", "--quiet", "--no-ff", "--message", "Merge pull request #1 from o/topic", "topic")
    found = read(released)
    assert sorted(messages(found)) == ["Merge pull request #1 from o/topic", "feat: on the branch", "fix: on main"]
    assert {commit["message"].strip(): commit["parents"] for commit in found["commits"]}["feat: on the branch"] == 1
    assert found["commits"][0]["parents"] == 2


def test_a_release_merged_back_from_a_branch_is_in_the_past(released: Repository) -> None:
    released.git("switch", "--quiet", "--create", "maintenance")
    released.commit("fix: urgent")
    released.release("0.4.2")
    released.git("switch", "--quiet", "main")
    released.commit("feat: meanwhile")
    released.git("merge", "--quiet", "--no-edit", "maintenance")
    found = read(released)
    assert found["release"] == "0.4.2"
    assert messages(found) == ["Merge branch 'maintenance'", "feat: meanwhile"]


def test_a_branch_s_own_commits(released: Repository) -> None:
    released.git("switch", "--quiet", "--create", "topic")
    released.commit("feat: a", "fix: b")
    own = history.read_branch(str(released.path), "main")
    assert [commit["message"].strip() for commit in own] == ["fix: b", "feat: a"]


@pytest.mark.parametrize("base", ["nowhere", "", "--all", "-n1"])
def test_a_base_that_is_none(released: Repository, base: str) -> None:
    with pytest.raises(UsageError, match="git cannot tell HEAD from"):
        history.read_branch(str(released.path), base)


@pytest.mark.parametrize("written", ["0.4.1", "2.0.0", None], ids=["behind", "ahead", "no manifest"])
def test_a_maintenance_branch_finds_its_own_release_whatever_the_manifest_says(
    released: Repository, written: str | None
) -> None:
    if written:
        released.manifest(written)
    released.git("branch", "maintenance")
    released.commit("feat: a", "feat!: b")
    for number in range(3):
        released.commit(f"feat: {number}")
        released.release(f"1.{number}.0")
    released.git("switch", "--quiet", "maintenance")
    released.commit("fix: c")
    found = read(released)
    assert (found["release"], messages(found)) == ("0.4.1", ["fix: c"])


steps = st.lists(
    st.tuples(
        st.sampled_from(["main", "other"]), st.sampled_from(["commit", "merge", "0.1.0", "0.2.0", "0.3", "v0.04.0"])
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.sampled_from(["0.1.0", "9.0.0"]))
def test_the_release_is_the_highest_one_that_is_reachable(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[str, str]], written: str
) -> None:
    """The tags that are reachable are known here without git's help: each branch has a set of them."""
    folder = tmp_path_factory.mktemp("repository")
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.manifest(written)
    repository.commit("feat: start")
    repository.git("branch", "other")
    held: dict[str, set[str]] = {"main": set(), "other": set()}
    for number, (branch, step) in enumerate(plan):
        other = "other" if branch == "main" else "main"
        repository.git("switch", "--quiet", branch)
        if step == "merge":
            repository.git("merge", "--quiet", "--no-ff", "--no-edit", other)
            held[branch] |= held[other]
        elif step == "commit" or any(step in tags for tags in held.values()):
            repository.commit(f"fix: {number}")
        else:
            repository.commit(f"fix: {number}")
            repository.release(step)
            held[branch].add(step)
    for branch, tags in held.items():
        repository.git("switch", "--quiet", branch)
        assert read(repository)["release"] == newest(tags)
