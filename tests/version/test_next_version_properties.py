"""What is so for any commits since a release."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from packaging.version import Version

from rnd.version.commits import squash_message, version_message
from rnd.version.next_version import (
    Commit,
    derive,
    merge_strategies,
)
from rnd.version.tags import parse_release


def commits(*messages: str) -> list[Commit]:
    return [Commit(id=f"{number:040x}", parents=1, message=message) for number, message in enumerate(messages)]


def merge(message: str) -> Commit:
    return Commit(id="f" * 40, parents=2, message=message)


TELLING = ["fix: a", "feat: b", "feat!: c", "  feat: d", "\ufefffeat: e", "BREAKING CHANGE: f", "fix: g\n\n* feat: h"]


QUIET = ["", "wip", "* feat: a", 'Revert "feat: b"', "fix: c\n\n> feat: d", "fix: e\n\n```\n* feat: f\n```"]


TRICKY = ["fix: a\n\n```\nnever closed", "Merge branch 'b'\n\n* feat: c", version_message("0.5.0")]


message = st.sampled_from(TELLING + QUIET + TRICKY) | st.text("featfixBREAKING CHANGE!:*>`~ \n\r()", max_size=60)


commit = st.builds(Commit, id=st.just("a" * 40), parents=st.sampled_from([1, 1, 1, 2]), message=message)


release_tag = st.tuples(*[st.integers(0, 99)] * 3).map(lambda numbers: ".".join(map(str, numbers)))


@given(release_tag, st.lists(commit, max_size=8))
def test_the_version_never_decreases_and_commits_always_raise_it(tag: str, since: list[Commit]) -> None:
    before, after = parse_release(tag), parse_release(derive(tag, since)["version"])
    assert before is not None
    assert after is not None
    assert after > before if since else after == before


@given(st.lists(commit, max_size=8), commit)
def test_one_more_commit_never_lowers_the_version(since: list[Commit], one_more: Commit) -> None:
    assert Version(derive("0.4.1", [one_more, *since])["version"]) >= Version(derive("0.4.1", since)["version"])


@given(st.lists(commit, max_size=8).flatmap(lambda since: st.tuples(st.just(since), st.permutations(since))))
def test_the_order_of_commits_makes_no_difference(orders: tuple[list[Commit], list[Commit]]) -> None:
    since, shuffled = orders
    assert derive("0.4.1", shuffled)["version"] == derive("0.4.1", since)["version"]


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.filter_too_much])  # the title check refuses most titles
@given(
    message.map(lambda text: text.partition("\n")[0]),
    st.lists(commit, min_size=1, max_size=5),
    st.lists(commit, max_size=3),
)
@example("fix: t", commits("fix: a\n\n```", "fix: b\n\n```\n* feat!: c\n```"), [])
def test_squash_merge_and_rebase_lead_to_one_version_when_the_title_check_passes(
    title: str, branch: list[Commit], main: list[Commit]
) -> None:
    assume(len({strategy["level"] for strategy in merge_strategies(title, branch)}) == 1)
    messages = [commit["message"] for commit in reversed(branch)]  # oldest first
    left = {
        "rebase": [one for one in branch if one["parents"] == 1],
        "merge": [merge(f"Merge pull request #7 from o/topic\n\n{title}"), *branch],
        "merge under the title": [merge(f"{title} (#7)"), *branch],
        "squash": commits(squash_message(f"{title} (#7)", messages)),
        "squash, title alone": commits(f"{title} (#7)"),
    }
    versions = {way: derive("0.4.1", since + main)["version"] for way, since in left.items() if since}
    assert len(set(versions.values())) == 1, versions
