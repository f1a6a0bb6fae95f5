"""One message says fix, feature or breaking change; here are the messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnd.version.commits import disregard, parse, squash_message, version_message

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
        ("fix: x\n\n### BREAKING CHANGE\n\ny", 3, "a heading"),
        ("chore(main): release 2.0.0\n\n### \u26a0 BREAKING CHANGES\n\n* drop Python 3.8", 3, "a heading"),
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
