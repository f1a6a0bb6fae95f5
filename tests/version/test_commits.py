"""One message says fix, feature or breaking change; here are the messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rnd.version.commits import RANK, disregard, parse, squash_message, version_message

if TYPE_CHECKING:
    from collections.abc import Callable

AGREED = json.loads(Path(__file__).with_name("commit_cases.json").read_text())["cases"]

PATCH = [
    "",
    "\n\n",
    "wip",
    "fix: x",
    "fix(api): x",
    "perf: faster",
    "features: not a type of ours",
    "feature: nor this one",
    "my-feat: nor this one",
    "WIP: feat: x",
    "[ABC-1] feat: x",
    "feat : x",
    "feat (api): x",
    "feat!(api): x",
    "feat(api: x",
    "feat(api) and so on: x",
    "fix: really, a feat: of engineering",
    "fix: who would have thought!: nobody",
    "breaking change: x",
    "Breaking Change: x",
    "BREAKING CHANGE in the parser",
    "BREAKING CHANGES: x",
    "BREAKING: x",
    "fünktion!: types are written in ASCII",
    'Revert "feat: x"',
    'Revert "feat!: x"\n\nThis reverts commit 0123456.',
    'Reapply "feat: x"',
    "revert: feat: x",
    "revert: feat!: x",
    "fixup! feat: x",
    "squash! feat!: x",
    "amend! feat: x",
    "* feat: a bullet is no subject",
    "> feat: a quotation neither",
    "fix: x\nfeat: the subject is one line",
    "fix: x\n\nfeat: prose",
    "fix: x\n\nfeat!: prose",
    "fix: x\n\n- feat: a dash is not how GitHub writes a squash",
    "fix: x\n\n1. feat: x",
    "fix: x\n\n*feat: x*",
    "fix: x\n\n  * feat: x",
    "fix: x\n\n* a feat: x",
    "fix: x\n\n* * feat: x",
    "fix: x\n\n> BREAKING CHANGE: quoted",
    ">BREAKING CHANGE: quoted",
    "fix: x\n\n   > BREAKING CHANGE: quoted",
    "fix: x\n\n BREAKING CHANGE: not at the start",
    "fix: x\n\n    BREAKING CHANGE: code",
    "fix: x\n\n\tBREAKING CHANGE: code",
    "fix: x\n\n- BREAKING CHANGE: x",
    "fix: x\n\n**BREAKING CHANGE**: x",
    "fix: x\n\n**BREAKING CHANGE: x**",
    "fix: x\n\nBREAKING CHANGE",
    "fix: x\n\nBREAKING CHANGE : x",
    "fix: x\n\nBREAKING  CHANGE: x",
    "fix: x\n\nBREAKING_CHANGE: x",
    "fix: x\n\nNON-BREAKING CHANGE: x",
    "fix: x\n\n```\nBREAKING CHANGE: x\n```",
    "fix: x\n\n~~~ text\n* feat!: x\n~~~",
    "fix: x\n\n```\n~~~\nBREAKING CHANGE: x\n```",
    "fix: x\n\n````\n```\nBREAKING CHANGE: x\n```\n````",
    "fix: x\n\n```\n``` python\nBREAKING CHANGE: only a bare fence closes\n```",
    "fix: x\n\n```\n    ```\nBREAKING CHANGE: an indented fence closes nothing\n```",
    "fix: x\n\n```\nBREAKING CHANGE: never closed, so to the end",
    "fix: x\r\n\r\n```\r\nBREAKING CHANGE: x\r\n```\r\n",
    "fix: x\n\nRefs: #1\nCo-authored-by: feat <feat@example.com>",
    "fix: a typed title decides (#1)\n\n* feat: y",
    "docs: x (#12)\n\n* fix: a\n\n* feat!: b",
    "docs: x (#12)\n\n* BREAKING CHANGE: x",
    "revert: x (#12)\n\n* feat!: y",
    "Merge pull request #5 from o/b\n\nfeat: title",
    "Merge branch 'main' into topic",
    "Merge remote-tracking branch 'origin/main' into topic",
    "chore(deps): update demo (#12)\n\n**BREAKING CHANGE:** the old name is gone",
    "chore(deps): update demo (#12)\n\n**The authors say:\nBREAKING CHANGE:** the old name is gone",
    "BREAKING CHANGE:** x",
    "fix: x\u2028BREAKING CHANGE: only LF, CRLF and CR end a line",
]
MINOR = [
    "feat: x",
    "FEAT: x",
    "feat:x",
    "feat:",
    "feat(): x",
    "feat(a/b, c-d.e_f*): x",
    "feat(f(x)): x",
    "feat(ünïcödé): x",
    "  feat: x",
    "\n\nfeat: x",
    "\ufefffeat: x",
    "feat: x\r\n\r\nbody\r\n",
    "feat: x\r\rbody",
    "feat: x!",
    "feat: drop the !: it was ugly",
    "feat: x\n\nThis is not a BREAKING CHANGE: it only looks like one",
    "x (#12)\n\n* feat: a\n\n* fix: b",
    "x (#12)\n\n*   Feat(api): a",
    "x (#12)\r\n\r\n* feat: a\r\n",
    "feat: the title decides (#12)\n\n* fix: a\n\n* feat!: b",
    "Merge branch 'x'\n\n* feat: one parent, so not a merge",
    "Merge the two readers (#12)\n\n* feat: a",
    "Merge branch 'topic' (#12)\n\n* feat: squashed, so nothing else holds it",
    "x\n\n```\nquoted\n```\n\n* feat: after the fence",
    "x\n\n``` a `b` is no fence\n\n* feat: a",
    "x\n\n    ```\n* feat: an indented fence opens nothing",
]
MAJOR = [
    "feat!: x",
    "fix!: x",
    "chore!: drop Python 3.8",
    "fix(api)!: x",
    "fix()!: x",
    "Fix(API)!:x",
    "revert!: a breaking change by itself",
    "BREAKING CHANGE: x",
    "BREAKING-CHANGE: x",
    "wip\n\nBREAKING CHANGE: x",
    "fix: x\nBREAKING CHANGE: x",
    "fix: x\rBREAKING CHANGE: x",
    "fix: x\n\nBREAKING CHANGE:\n\nthe text begins below",
    "fix: x\r\n\r\nBREAKING CHANGE: x\r\n",
    "fix: x\n\nRefs: #1\nBREAKING-CHANGE: x\nRefs: #2",
    "x (#12)\n\n* fix: a\n\n* feat!: b",
    "x (#12)\n\n* BREAKING CHANGE: x",
    "Merge pull request #5 from o/b\n\nBREAKING CHANGE: one parent, so not a merge",
    "fix: x\n\nBREAKING CHANGE:**bold** begins here",
    "docs: x (#12)\n\n* fix: a\n\nBREAKING CHANGE: the footer of a\n\n* fix: b",
    version_message("0.5.0") + "\n\nBREAKING CHANGE: ours has no body",
    'Revert "fix: x"\n\nBREAKING CHANGE: who relied on it loses it',
    "fix: x\n\n```\nquoted\n```\nBREAKING CHANGE: x",
    "fix: x\n\n~~~\n```\n~~~\nBREAKING CHANGE: x",
]
NONE = [
    version_message("0.5.0"),
    version_message("0.5.0") + "\n",
]


@pytest.mark.parametrize("case", AGREED, ids=lambda case: case["name"])
def test_the_agreed_messages_have_the_agreed_level(case: dict[str, str]) -> None:
    level = parse(case["message"])["level"]
    assert ("patch" if level == "none" else level) == case["level"]


@pytest.mark.parametrize("message", PATCH)
def test_a_patch(message: str) -> None:
    assert parse(message)["level"] == "patch"


@pytest.mark.parametrize("message", MINOR)
def test_a_feature(message: str) -> None:
    assert parse(message)["level"] == "minor"


@pytest.mark.parametrize("message", MAJOR)
def test_a_breaking_change(message: str) -> None:
    assert parse(message)["level"] == "major"


@pytest.mark.parametrize("message", NONE)
def test_what_does_not_count(message: str) -> None:
    assert parse(message)["level"] == "none"


def test_the_parsed_names_the_line_that_decided() -> None:
    parsed = parse("fix: x\n\nsome text\n\nBREAKING CHANGE: the format is new\nRefs: #1\n")
    assert parsed["subject"] == "fix: x"
    assert parsed["decided"] == {
        "line": 5,
        "text": "BREAKING CHANGE: the format is new",
        "reason": "BREAKING CHANGE at the start of a line",
    }


def test_of_two_lines_that_ask_for_the_same_the_first_decides() -> None:
    assert parse("a (#1)\n\n* feat: b\n* feat: c")["decided"]["line"] == 3


@pytest.mark.parametrize(
    ("message", "line", "reason"),
    [
        ("fix: x\n\nThis is no BREAKING CHANGE: really", 3, "prose"),
        ("fix: x\n\nfeat: y", 3, "prose"),
        ("fix: x\n\nbreaking change: y", 3, "in capitals"),
        ("fix: x\n\n BREAKING CHANGE: y", 3, "not at the start of its line"),
        ("fix: x\n\n- feat: y", 3, "only a bullet"),
        ("fix: x\n\n> feat: y", 3, "quoted"),
        ("fix: x\n\n    feat: y", 3, "code"),
        ("fix: x\n\n```\nfeat: y\n```", 4, "inside a code fence"),
        ('Revert "feat: x"', 1, "a revert is a patch"),
        ("fixup! feat: x", 1, "folded"),
        ("WIP: feat: x", 1, "not a subject"),
        ("feat : x", 1, "not a subject"),
        ("feat\uff1ax", 1, "not a subject"),
        ("fix: x (#1)\n\n* feat: y", 3, "the title has a type, which decides"),
        ("fix: x (#1)\n\n* BREAKING CHANGE: y", 3, "the title has a type, which decides"),
        ("fix: x\n\n**BREAKING CHANGE:** y", 3, "formatted as bold"),
        ("fix: x\n\n__BREAKING CHANGE__: y", 3, "formatted as bold"),
        ("fix: x\n\nBREAKING CHANGE:** y", 3, "the end of bold text"),
        ("fix: x\n\nBREAKING CHANGE:**", 3, "the end of bold text"),
    ],
)
def test_a_lookalike_is_reported_with_the_reason(message: str, line: int, reason: str) -> None:
    (found,) = parse(message)["near_misses"]
    assert found["line"] == line
    assert reason in found["reason"]


@pytest.mark.parametrize("message", ["fix: x", "docs: how features work!", "feat: x\n\nsome text", "feat!: x"])
def test_an_ordinary_message_has_no_lookalikes(message: str) -> None:
    assert parse(message)["near_misses"] == []


def test_a_disregarded_parsed_keeps_what_it_would_have_said() -> None:
    parsed = disregard(parse("feat: x"), "a merge")
    assert parsed["level"] == "none"
    assert parsed["near_misses"] == [{"line": 1, "text": "feat: x", "reason": "a merge"}]


def test_a_squash_has_the_messages_as_bullets_and_of_a_single_commit_the_body() -> None:
    assert squash_message("Title (#1)", ["fix: a\n\ntext", "feat: b"]) == "Title (#1)\n\n* fix: a\n\ntext\n\n* feat: b"
    assert squash_message("Title (#1)", ["fix: a\n\ntext"]) == "Title (#1)\n\n\ntext"
    assert squash_message("Title (#1)", []) == "Title (#1)"


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
        expected = SUBJECTS[subject] or max(levels, key=RANK.__getitem__, default="patch")  # type: ignore[arg-type]
    assert parsed["level"] == expected
    reported = {found["text"] for found in parsed["near_misses"]}
    assert reported >= {line for line in body if line.startswith((">", "*" * 2, "feat!", "BREAKING CHANGE:**"))}
