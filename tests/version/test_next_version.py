"""From a release and the commits since to the next version: the arithmetic, and what holds for every history."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from rnd.errors import ManifestInvalid
from rnd.version.commits import version_message
from rnd.version.next_version import (
    Commit,
    bump,
    derive,
    development_version,
    first,
    is_settable,
    merge_strategies,
)
from rnd.version.tags import newest, parse_release, resembled, unrecognised_above


def commits(*messages: str) -> list[Commit]:
    return [Commit(id=f"{number:040x}", parents=1, message=message) for number, message in enumerate(messages)]


def merge(message: str) -> Commit:
    return Commit(id="f" * 40, parents=2, message=message)


@pytest.mark.parametrize(
    ("messages", "version"),
    [
        (["fix: a"], "0.4.2"),
        (["feat: a"], "0.5.0"),
        (["fix: a", "feat: b", "docs: c"], "0.5.0"),
        (["feat: a\n\nBREAKING CHANGE: b"], "1.0.0"),
        (["fix: a", "feat!: b", "feat: c"], "1.0.0"),
        (["docs: a"], "0.4.2"),
        (["wip", "more of it"], "0.4.2"),
        (["feat: a", 'Revert "feat: a"'], "0.5.0"),
        ([version_message("0.4.2")], "0.4.2"),
        ([], "0.4.1"),
    ],
)
def test_what_follows_0_4_1(messages: list[str], version: str) -> None:
    assert derive("0.4.1", commits(*messages))["version"] == version


@pytest.mark.parametrize(
    ("level", "after"), [("none", (1, 2, 3)), ("patch", (1, 2, 4)), ("minor", (1, 3, 0)), ("major", (2, 0, 0))]
)
def test_a_step_of_each_level(level: str, after: tuple[int, int, int]) -> None:
    assert bump((1, 2, 3), level) == after  # pyrefly: ignore[bad-argument-type]


def test_the_answer_says_why() -> None:
    answer = derive("0.4.1", commits("feat: a", "fix: b", "feat: c"))
    assert answer["level"] == "minor"
    assert answer["reason"] == "3 commits since 0.4.1; 2 of level minor"
    assert [(analysis["subject"], analysis["level"]) for analysis in answer["commits"]] == [
        ("feat: a", "minor"),
        ("fix: b", "patch"),
        ("feat: c", "minor"),
    ]


@pytest.mark.parametrize("title", ["Merge branch 'topic'", "Merge pull request #5 from o/b", "The work of a week (#7)"])
def test_a_merge_without_a_type_does_not_count(title: str) -> None:
    breaking = merge(f"{title}\n\nBREAKING CHANGE: all is new\n\n* feat: b")
    answer = derive("0.4.1", [breaking, *commits("fix: what it brought")])
    assert answer["version"] == "0.4.2"
    assert answer["commits"][0]["level"] == "none"
    assert answer["commits"][0]["near_misses"][0]["reason"] == "a merge: the merged commits count themselves"


@pytest.mark.parametrize(
    ("title", "version"), [("feat!: x (#311)", "1.0.0"), ("feat: x (#311)", "0.5.0"), ("BREAKING CHANGE: x", "1.0.0")]
)
def test_a_merge_under_a_typed_title_counts(title: str, version: str) -> None:
    assert derive("0.4.1", [merge(title), *commits("fix: what it brought")])["version"] == version


def test_a_commit_with_one_parent_is_not_a_merge_whatever_it_is_called() -> None:
    squashed = "Merge pull request #5 from o/b\n\nBREAKING CHANGE: the format is new"
    answer = derive("0.4.1", commits(squashed))
    assert answer["version"] == "1.0.0"
    assert answer["commits"][0]["decided"]["reason"] == "BREAKING CHANGE at the start of a line"


def test_commits_of_which_none_counts_are_a_patch_since_one_version_is_one_content() -> None:
    answer = derive("0.4.1", [merge("Merge branch 'topic'")])
    assert answer["version"] == "0.4.2"
    assert answer["reason"] == "1 commit since 0.4.1, none of which counts; other content needs another version"


def test_the_head_that_a_release_was_made_from_keeps_its_version() -> None:
    answer = derive("0.4.1", [], {"0.4.1"})
    assert (answer["version"], answer["level"], answer["taken"]) == ("0.4.1", "none", None)


def test_tags_go_on_as_they_were() -> None:
    assert derive("v0.4.1", commits("fix: a"))["tag"] == "v0.4.2"
    assert derive("0.4.1", commits("fix: a"))["tag"] == "0.4.2"


@pytest.mark.parametrize(
    ("previous", "message", "tag"),
    [("v4.5", "fix: a", "v4.5.1"), ("4.5", "feat: a", "4.6.0"), ("2026.06.18", "fix: a", "2026.6.19")],
)
def test_a_tag_in_two_parts_or_padded_with_zeros_is_followed_by_one_in_full(
    previous: str, message: str, tag: str
) -> None:
    assert derive(previous, commits(message))["tag"] == tag


def test_at_the_released_commit_the_tag_is_the_one_that_is_there() -> None:
    answer = derive("v4.5", [], {"v4.5"})
    assert (answer["version"], answer["tag"]) == ("4.5.0", "v4.5")


@pytest.mark.parametrize(
    ("message", "tag"), [("feat: a", "v0.5"), ("feat: a", "0.5"), ("feat: a", "00.05.0"), ("fix: a", "0.04.2")]
)
def test_a_version_is_taken_however_its_tag_is_written(message: str, tag: str) -> None:
    assert derive("0.4.1", commits(message), {"0.4.1", "0.5.1", "0.55", tag})["taken"] == tag


RESEMBLING = {
    "release-5.0.0": (5, 0, 0),
    "release/5.0": (5, 0, 0),
    "v.5.0.1": (5, 0, 1),
    "V5.0.0": (5, 0, 0),
    "v5": (5, 0, 0),
    "rel_5_0_2": (5, 0, 2),
    "5.0.0.4": (5, 0, 0, 4),
    "5.0.0.post1": (5, 0, 0, 1),
}


@pytest.mark.parametrize("tag", RESEMBLING)
def test_a_tag_that_resembles_a_release(tag: str) -> None:
    assert resembled(tag) == RESEMBLING[tag]
    assert unrecognised_above((4, 9, 9), [tag, "4.0.0"]) == [tag]
    assert unrecognised_above((6, 0, 0), [tag]) == []


@pytest.mark.parametrize("tag", ["docs-9.0.0", "pkg/9.0.0", "9.0.0-rc.1", "9.0.0rc1", "nightly", "20260618", "release"])
def test_a_tag_of_something_else_resembles_no_release(tag: str) -> None:
    assert resembled(tag) is None


@pytest.mark.parametrize("tag", ["0.4.2", "v0.4.2"])
def test_a_version_that_another_commit_was_released_under_is_taken(tag: str) -> None:
    assert derive("0.4.1", commits("fix: a"), {"0.4.1", tag})["taken"] == tag


@pytest.mark.parametrize("manifest_version", ["0.1.0", "0.1.0.dev0+0a1b2c3"])
def test_without_a_release_the_manifest_says_which_is_the_first(manifest_version: str) -> None:
    answer = first(manifest_version)
    assert (answer["version"], answer["tag"], answer["previous"]) == ("0.1.0", "0.1.0", None)


@pytest.mark.parametrize("manifest_version", ["", "0.1", "1.0.0rc1", "v1.0.0", "0.1.0+local"])
def test_a_first_release_is_x_y_z(manifest_version: str) -> None:
    with pytest.raises(ManifestInvalid, match="cannot be a first release"):
        first(manifest_version)


@pytest.mark.parametrize(
    ("tag", "release"),
    [
        ("1.2.3", (1, 2, 3)),
        ("v1.2.3", (1, 2, 3)),
        ("0.0.0", (0, 0, 0)),
        ("10.20.30", (10, 20, 30)),
        ("v4.5", (4, 5, 0)),
        ("0.32", (0, 32, 0)),
        ("2026.06.18", (2026, 6, 18)),
        ("01.2.3", (1, 2, 3)),
    ],
)
def test_a_release_tag(tag: str, release: tuple[int, int, int]) -> None:
    assert parse_release(tag) == release


FOREIGN = ["", "v1", "1", "1.2.3.4", "1.2.3-rc.1", "1.2.3rc1", "1.2.3+build", "docs-1.2.3", "pkg/1.2.3", "V1.2.3"]


@pytest.mark.parametrize("tag", [*FOREIGN, "1.2.3\n", " 1.2.3", "1.2.\u0663", "1.2.-3", f"1.2.{'9' * 5000}"])
def test_a_foreign_tag(tag: str) -> None:
    assert parse_release(tag) is None


def test_tags_are_compared_as_numbers() -> None:
    assert newest(["0.9.0", "0.10.0", "v0.2.0", "docs-9.9.9", "1.0.0-rc.1"]) == "0.10.0"
    assert newest(["nightly"]) is None
    assert newest(["v4.5", "v4.4.2"]) == "v4.5"
    assert newest(["0.27.2", "0.32"]) == "0.32"
    assert newest(["2025.12.0", "2026.06.18"]) == "2026.06.18"
    assert newest(["v4.5", "v4.5.0", "4.5"]) == "v4.5.0"


@pytest.mark.parametrize(
    ("commit", "version"),
    [
        ("0a1b2c3" + "0" * 33, "0.5.0.dev0+0a1b2c3"),
        ("0123456" + "f" * 33, "0.5.0.dev0+0123456f"),
        ("1" * 20 + "a" * 20, "0.5.0.dev0+" + "1" * 20 + "a"),
        ("1" * 40, "0.5.0.dev0+g" + "1" * 40),
    ],
)
def test_the_hash_in_a_development_version_holds_a_letter(commit: str, version: str) -> None:
    assert development_version("0.5.0", commit) == version


@given(st.text("0123456789abcdef", min_size=40, max_size=40) | st.text("0123456789", min_size=40, max_size=40))
def test_a_development_version_is_its_own_normal_form_and_comes_before_the_release(commit: str) -> None:
    version = development_version("0.5.0", commit)
    assert str(Version(version)) == version
    assert is_settable(version)
    assert Version("0.4.1") < Version(version) < Version("0.5.0")


@pytest.mark.parametrize("version", ["0.5.0", "0.5.0.dev0", "0.5.0.dev3", "0.5.0.dev0+0a1b2c3", "0.5.0.dev0+0123456f"])
def test_a_version_that_may_be_written(version: str) -> None:
    assert is_settable(version)
    assert str(Version(version)) == version


@pytest.mark.parametrize(
    "version", ["", "v0.5.0", "0.5", "0.5.0-rc.1", "0.5.0.dev0+0123456", "0.5.0.dev0+A", "0.5.0\n"]
)
def test_a_version_that_may_not_be_written(version: str) -> None:
    assert not is_settable(version)


@pytest.mark.parametrize(
    ("title", "messages", "levels"),
    [
        ("fix: a", ["fix: a", "wip"], ["patch", "patch", "patch"]),
        ("feat: a", ["feat: a", "fix: b"], ["minor", "minor", "minor"]),
        ("fix: a", ["feat: a"], ["minor", "patch", "patch"]),
        ("fix: a", ["feat: a", "wip"], ["minor", "patch", "patch"]),
        ("a", ["feat: a", "wip"], ["minor", "minor", "patch"]),
        ("feat: a", ["wip"], ["patch", "minor", "minor"]),
        ("fix: a", ["fix: a\n\n```", "fix: b\n\n```\n* feat!: c\n```"], ["patch", "patch", "patch"]),
        ("a", ["fix: a\n\n```", "fix: b\n\n```\n* feat!: c\n```"], ["patch", "major", "patch"]),
    ],
)
def test_each_way_to_merge_has_its_level(title: str, messages: list[str], levels: list[str]) -> None:
    newest_first = list(reversed(commits(*messages)))
    assert [strategy["level"] for strategy in merge_strategies(title, newest_first)] == levels


def test_a_rebase_drops_a_merge_under_a_typed_title_so_it_has_a_level_of_its_own() -> None:
    strategies = merge_strategies("feat: t", [merge("feat: t"), *commits("fix: a")])
    levels = {strategy["strategy"]: strategy["level"] for strategy in strategies}
    assert (levels["merge"], levels["rebase"]) == ("minor", "patch")
