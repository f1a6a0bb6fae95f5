"""The notes of a release: every commit that counts, under the heading of its type, and nothing that Markdown reads."""

from __future__ import annotations

from rnd.version.next_version import Commit, derive, first
from rnd.version.notes import LONGEST, write_notes

PAGE = "https://github.com/acme/demo"


def notes(*messages: str, parents: int = 1) -> str:
    commits = [Commit(id=f"{number:07x}" * 5, parents=parents, message=text) for number, text in enumerate(messages)]
    return write_notes(derive("0.4.1", commits), PAGE)


def test_each_type_under_its_heading_the_breaking_ones_first() -> None:
    text = notes("docs: a", "Fix(io): b", "FEAT: c", "perf: d", "chore: e", "no type", "feat!: f")
    assert text.startswith("## Breaking changes\n\n- feat!: f (0000006)\n\n## Features\n\n- FEAT: c (0000002)\n\n")
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["Breaking changes", "Features", "Fixes", "Performance", "Documentation", "Other changes"]
    assert "## Other changes\n\n- chore: e (0000004)\n- no type (0000005)\n" in text
    assert text.endswith("**All changes**: https://github.com/acme/demo/compare/0.4.1...1.0.0\n")


def test_what_breaks_is_said_by_the_line_that_says_it() -> None:
    assert "- fix: a (0000000)\n  BREAKING CHANGE: the old name is gone\n" in notes(
        "fix: a\n\nBREAKING CHANGE: the old name is gone"
    )


def test_what_does_not_count_is_left_out() -> None:
    assert "version" not in notes("feat: a", "chore(release): set version to 0.5.0")
    assert notes("Merge branch 'a' into b", parents=2) == ""


def test_nobody_is_notified_and_nothing_is_formatted() -> None:
    text = notes("fix: *all* of @acme/team's `code` | <b>[x](y)</b> #12\x1b[31m")
    assert "- fix: \\*all\\* of @<!-- -->acme/team's \\`code\\` \\| \\<b\\>\\[x\\](y)\\</b\\> #12\ufffd\\[31m" in text


def test_the_first_release() -> None:
    assert write_notes(first("0.1.0"), PAGE) == "The first release.\n"


def test_they_are_short_enough_to_be_posted() -> None:
    text = notes(*["fix: " + "x" * 250] * 1000)
    assert len(text) < LONGEST + 100
    assert text.endswith("\n\nand more.\n")
