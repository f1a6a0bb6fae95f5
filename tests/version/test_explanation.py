"""The reasons for a version, as a table, as data and as a comment on a pull request."""

from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt

from rnd.version import explanation
from rnd.version.next_version import Answer, Commit, derive


def answer(*messages: str) -> Answer:
    return derive(
        "0.4.1", [Commit(id=f"{number:040x}", parents=1, message=text) for number, text in enumerate(messages)]
    )


def cells(markdown: str) -> list[str]:
    """The text of each cell in each table of a comment, as GitHub would show it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inside = [token.children or [] for token in tokens if token.type == "inline" and token.level == 4]
    return ["".join(part.content for part in parts) for parts in inside]


def test_the_summary() -> None:
    assert explanation.summary(answer("feat: a", "fix: b")) == "0.5.0: 2 commits since 0.4.1; 1 of level minor."


def test_a_version_that_is_taken_is_said_to_be() -> None:
    taken = derive("0.4.1", [Commit(id="a" * 40, parents=1, message="fix: a")], {"0.4.2"})
    assert "tag 0.4.2 is on another commit" in explanation.summary(taken)
    assert "tag 0.4.2 is on another commit" in explanation.markdown(taken)


def test_a_row_for_each_commit_and_under_it_one_for_each_lookalike() -> None:
    assert explanation.rows(answer("feat: a", "fix: b\n\n> feat: c")) == [
        ("0000000", "minor", "feat: a", "type feat"),
        ("0000000", "patch", "fix: b", "type fix"),
        ("", "ignored", "> feat: c", "quoted"),
    ]


def test_the_commits_that_decide_come_first_and_are_never_cut() -> None:
    rows = explanation.rows(answer(*["docs: a"] * 600, "feat: the oldest of all", "fix: b"))
    assert rows[0][1:3] == ("minor", "feat: the oldest of all")


BREAKING_IN_THE_BODY = "fix: a | b\n\nsome text\n\nBREAKING CHANGE: c | d"


def test_a_row_for_the_line_of_the_body_that_decides() -> None:
    assert explanation.rows(answer(BREAKING_IN_THE_BODY)) == [
        ("0000000", "major", "fix: a | b", "line 5 decides"),
        ("", "line 5", "BREAKING CHANGE: c | d", "BREAKING CHANGE at the start of a line"),
    ]


def test_a_comment_shows_the_subject_and_the_line_that_decides_and_links_the_commit() -> None:
    page = "https://github.com/acme/demo"
    assert (
        f"| [`0000000`]({page}/commit/{'0' * 40}) | major "
        "| `fix: a \\| b`<br>line 5: `BREAKING CHANGE: c \\| d` | BREAKING CHANGE at the start of a line |\n"
    ) in explanation.markdown(answer(BREAKING_IN_THE_BODY), page)
    assert "](" not in explanation.markdown(answer(BREAKING_IN_THE_BODY))


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ("later", "Go on from it: `git merge --ff-only 0.4.2`"),
        ("diverged", "Merge that release, so that the next version follows it: `git merge 0.4.2`"),
        ("unrelated", "no commit in common"),
    ],
)
def test_a_version_that_is_taken_names_the_commit_and_what_helps(relation: str, said: str) -> None:
    taken = derive("0.4.1", [Commit(id="a" * 40, parents=1, message="fix: a")], {"0.4.2"})
    taken["taken_by"] = {"commit": "b" * 40, "relation": relation}  # pyrefly: ignore[bad-assignment]
    for text in (explanation.summary(taken), explanation.markdown(taken)):
        assert "It cannot be released: tag 0.4.2 is on commit bbbbbbb." in text
        assert said in text


def test_a_tag_on_something_else_than_a_commit_can_only_be_deleted() -> None:
    taken = derive("0.4.1", [Commit(id="a" * 40, parents=1, message="fix: a")], {"0.4.2"})
    taken["taken_by"] = {"commit": None, "relation": "no-commit"}
    assert explanation.summary(taken).endswith(
        "tag 0.4.2 is on something that is not a commit. "
        "Delete the tag: `git push --delete origin 0.4.2` and `git tag --delete 0.4.2`."
    )


@pytest.mark.parametrize(("message", "version"), [("fix: a", "0.4.2"), ("feat: a", "0.5.0")])
def test_a_branch_that_stays_behind_is_advised_to_release_fixes_only(message: str, version: str) -> None:
    taken = derive("0.4.1", [Commit(id="a" * 40, parents=1, message=message)], {version})
    taken["taken_by"] = {"commit": "b" * 40, "relation": "diverged"}
    advised = "A maintenance branch that is to stay behind can release fixes only." in explanation.summary(taken)
    assert advised == (message == "feat: a")


def test_newer_tags_of_an_unknown_form_are_named() -> None:
    since = [Commit(id="a" * 40, parents=1, message="fix: a")]
    below = derive("0.4.1", since, unrecognised=["release-0.4.9", "0.4.1.1"])
    for text in (explanation.summary(below), explanation.markdown(below)):
        assert "which do not count: release-0.4.9, 0.4.1.1." in text
        assert "It cannot be released: tag release-0.4.9 in the history of this commit resembles a newer" in text
    above = derive("0.4.1", since, unrecognised=["0.4.1.1"])
    assert "which do not count: 0.4.1.1." in explanation.summary(above)
    assert "cannot be released" not in explanation.summary(above)
    many = derive("0.4.1", since, unrecognised=[f"0.4.1.{number}" for number in range(30)])
    assert "and 20 more." in explanation.markdown(many)


def test_the_table_is_no_longer_than_one_can_read() -> None:
    rows = explanation.rows(answer(*["fix: a"] * 1000))
    assert len(rows) == 501
    assert rows[-1][2] == "and 500 more; --json has them all"


def test_the_data_is_plain() -> None:
    data = json.loads(json.dumps(answer("feat: a\n\n> feat!: b")))
    assert data == {
        "version": "0.5.0",
        "tag": "0.5.0",
        "previous": "0.4.1",
        "level": "minor",
        "reason": "1 commit since 0.4.1; 1 of level minor",
        "taken": None,
        "taken_by": None,
        "unrecognised_tags": [],
        "jumped_from": None,
        "commits": [
            {
                "id": "0" * 40,
                "subject": "feat: a",
                "level": "minor",
                "decided": {"line": 1, "text": "feat: a", "reason": "type feat"},
                "near_misses": [{"line": 3, "text": "> feat!: b", "reason": "quoted"}],
            }
        ],
    }


def test_the_comment() -> None:
    assert explanation.markdown(answer("docs: a", "feat: b\n\n> feat!: c")) == (
        "### Next version: `0.5.0`\n"
        "\n"
        "2 commits since 0.4.1; 1 of level minor.\n"
        "\n"
        "| commit | level | subject | reason |\n"
        "|---|---|---|---|\n"
        "| `0000000` | minor | `feat: b` | type feat |\n"
        "| `0000000` | patch | `docs: a` | any other type is a patch |\n"
        "\n"
        "<details><summary>Ignored near misses: 1</summary>\n"
        "\n"
        "| commit | where | text | why not |\n"
        "|---|---|---|---|\n"
        "| `0000000` | line 3 | `> feat!: c` | quoted |\n"
        "\n"
        "</details>\n"
    )


def test_a_comment_without_commits() -> None:
    assert explanation.markdown(answer()) == (
        "### Next version: `0.4.1`\n\nThe head is the commit that 0.4.1 was released from.\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "fix: a | b",
        "fix: `code`",
        "fix: ``a`` and `b`",
        "fix: @someone, see #12",
        "fix: <script>alert(1)</script>",
        "fix: **bold** [link](https://example.com)",
        "fix: a \\| b",
        "`",
        "",
        "fix: ends with `",
    ],
)
def test_no_message_escapes_from_its_cell(text: str) -> None:
    row = cells(explanation.markdown(answer(text)))[4:]
    assert row == ["0000000", "patch", text or " ", row[3]]


@pytest.mark.parametrize("number", [39, 40, 41, 79, 80, 81, 99])
def test_a_run_of_backticks_keeps_a_mention_inside_the_code(number: int) -> None:
    """GitHub reads 80 backticks as the start of a code span, and not one more."""
    comment = explanation.markdown(answer(f"fix: {'`' * number} @acme"))
    assert max(map(len, re.findall("`+", comment))) <= 80
    cell = cells(comment)[6]
    assert cell.startswith("fix: `")
    if number < 90:
        assert cell.endswith(" @acme")


def test_a_comment_is_short_enough_to_be_posted_and_keeps_what_matters() -> None:
    comment = explanation.markdown(
        answer(*[f"docs: {'a' * 90}\n\n> feat: {'b' * 90}"] * 5000, "feat!: the one that counts")
    )
    assert len(comment) < 65_536
    assert "`feat!: the one that counts`" in comment
    assert "more commits." in comment
    assert "more near misses." in comment


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fix: a", "fix: a"),
        ("fix: \x1b[31mred\x07", "fix: \ufffd[31mred\ufffd"),
        ("fix: a\u202eb\u2028c\0", "fix: a\ufffdb\ufffdc\ufffd"),
        ("fix: \udc80", "fix: \ufffd"),
        ("a" * 101, "a" * 100 + "…"),
        ("a" * 100, "a" * 100),
        ("ü漢🎉", "ü漢🎉"),
    ],
)
def test_nothing_that_is_shown_steers_a_terminal(text: str, shown: str) -> None:
    assert explanation.shown(text) == shown
