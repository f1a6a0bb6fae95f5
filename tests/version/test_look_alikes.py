"""Tags that look like a release to a reader, and are not one to git: they do not steer the next version."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnd import cli
from rnd.github.settings.refs import VERSIONS
from rnd.version.tags import parse_release, resembled

if TYPE_CHECKING:
    from tests.helpers.repository import Repository

LOOK_ALIKES = {
    "full-width digits": "\uff19.9.9",
    "a full-width v": "\uff569.9.9",
    "Arabic-Indic digits": "\u0669.\u0669.\u0669",
    "a superscript digit": "9.9.\u2079",
    "one dot leaders": "9\u20249\u20249",
    "full-width full stops": "9\uff0e9\uff0e9",
    "a zero width space": "9.9.9\u200b",
    "a byte order mark": "\ufeff9.9.9",
    "a combining accent": "v\u03019.9.9",
    "a right-to-left override": "\u202e9.9.9",
    "a left-to-right mark": "9.9.9\u200e",
    "a Cyrillic letter": "\u04759.9.9",
    "a full ref": "refs/tags/9.9.9",
    "a ref of a branch": "heads/9.9.9",
    "a folder": "9.9.9/9.9.9",
}


@pytest.mark.parametrize("tag", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_it_is_not_a_release(tag: str) -> None:
    assert parse_release(tag) is None
    assert resembled(tag) is None


def test_together_they_do_not_change_the_next_version(
    released: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(released.path)
    assert cli.main(["version", "next"]) == 0
    before = capsys.readouterr().out
    for tag in LOOK_ALIKES.values():
        released.git("update-ref", f"refs/tags/{tag}", "HEAD")
    released.git("update-ref", "refs/heads/9.9.9", "HEAD")
    released.git("update-ref", "refs/remotes/origin/9.9.9", "HEAD")
    assert cli.main(["version", "next"]) == 0
    assert capsys.readouterr().out == before


@given(st.from_regex(r"v?\d+(\.\d+){1,2}", fullmatch=True) | st.sampled_from(list(LOOK_ALIKES.values())) | st.text())
def test_the_rules_of_tags_protect_every_name_that_is_read_as_a_release(tag: str) -> None:
    """`isdigit` and `int` of Python read the digits of every script, and a pattern of GitHub does not."""
    assert parse_release(tag) is None or any(fnmatchcase(f"refs/tags/{tag}", pattern) for pattern in VERSIONS)
