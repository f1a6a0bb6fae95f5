"""What is so for any commit message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rnd.version.commits import RANK, parse, version_message

if TYPE_CHECKING:
    from collections.abc import Callable


anything = st.text(st.characters() | st.sampled_from("\n\r\t `~>*-!:()\0\ufeff\udc80")) | st.lists(
    st.sampled_from(["feat", "fix", "!", ":", "BREAKING CHANGE", "(", ")", "* ", "> ", "    ", "```", "~~~", "\n", "x"])
).map("".join)


@given(anything)
@example("\ufeff")
@example("feat\0: x")
def test_parsing_never_fails(message: str) -> None:
    parsed = parse(message)
    assert parsed["level"] in RANK
    for found in [parsed["decided"], *parsed["near_misses"]]:
        assert 1 <= found["line"] <= message.count("\n") + message.count("\r") + 1
        assert found["reason"]


@given(anything)
def test_line_ends_make_no_difference(message: str) -> None:
    message = message.replace("\r", "")
    assert parse(message.replace("\n", "\r\n")) == parse(message)


@given(anything)
def test_a_line_that_looks_like_a_breaking_change_either_counts_or_is_reported(message: str) -> None:
    parsed = parse(f"fix: x\n\n{message}\nBREAKING CHANGE: y")
    assert parsed["level"] == "major" or parsed["near_misses"]


fences = st.lists(
    st.sampled_from(["```", "````", "~~~", "~~~~", "   ```", "``` x", "``` `", "~~~ `", "text", "", "> x"])
)


@given(fences)
@example(["````", "```", "````"])
def test_code_fences_are_read_as_commonmark_reads_them(lines: list[str]) -> None:
    body = [*lines, "BREAKING CHANGE: probe"]
    tokens = MarkdownIt("commonmark").parse("\n".join(body))
    fenced = any(token.type == "fence" and "probe" in token.content for token in tokens)
    assert parse("\n".join(["fix: x", *body]))["level"] == ("patch" if fenced else "major")


@pytest.mark.slow
@pytest.mark.parametrize(
    "grown",
    [
        lambda size: "a" * size,
        lambda size: "feat(" * size,
        lambda size: "feat(" + "a" * size,
        lambda size: "feat((" + "(a)" * size,
        lambda size: "x\nfeat" + " " * size + "x",
        lambda size: "x\na" + " " * size + "!" * size,
        lambda size: "x\n!" + "a-" * size,
        lambda size: "x\n" + "breaking " * size,
        lambda size: "x\n" + "```\n" * size + "!",
        lambda size: "x\n" + "> feat: y\n" * size,
        lambda size: "\n" * size + "feat: x",
        lambda size: version_message("1" * size + " " * size + "x"),
        lambda size: "Merge branch '" + "(#1)" * size + "x",
    ],
)
def test_the_work_grows_with_the_message_and_no_faster(grown: Callable[[int], str]) -> None:
    parse(grown(200_000))  # in quadratic time it would not end before the time limit of a test does


SUBJECTS = {
    "fix: x": "patch",
    "docs(a): x": "patch",
    "feat: x": "minor",
    "fix!: x": "major",
    "x": None,
    "Merge x": None,
}


BODY = {
    "* fix: a": "patch",
    "* feat: a": "minor",
    "* feat(api)!: a": "major",
    "* BREAKING CHANGE: a": "major",
    "BREAKING CHANGE: a": "breaking",
    "BREAKING-CHANGE: a": "breaking",
    "feat!: prose": "patch",
    "**BREAKING CHANGE:** a": "patch",
    "BREAKING CHANGE:** a": "patch",
    "> BREAKING CHANGE: a": "patch",
    "    * feat!: a": "patch",
    "some text": "patch",
}


@given(st.sampled_from(sorted(SUBJECTS)), st.lists(st.sampled_from(sorted(BODY)), max_size=8))
def test_title_bullets_and_breaking_markers_in_any_order(subject: str, body: list[str]) -> None:
    parsed = parse("\n\n".join([subject, *body]))
    levels = [BODY[line] for line in body]
    if "breaking" in levels:
        expected = "major"
    else:
        expected = SUBJECTS[subject] or max(levels, key=RANK.__getitem__, default="patch")  # pyrefly: ignore[no-matching-overload]
    assert parsed["level"] == expected
    reported = {found["text"] for found in parsed["near_misses"]}
    assert reported >= {line for line in body if line.startswith((">", "*" * 2, "feat!", "BREAKING CHANGE:**"))}
