"""Settings as data: how they are compared and said, and that those which are asked for are those which are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.github.settings import Change, compare, found_protection, protection_body, say, wanted_protection
from rnd.organisation import load_organisation
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from pathlib import Path


def test_values_are_said_as_org_yml_has_them() -> None:
    assert [say(value) for value in (None, True, False, 2, "x", (), ("a", "b"))] == [
        *("nothing", "true", "false", "2", "x", "[]", "[a, b]")
    ]


def test_zero_is_not_false() -> None:
    assert compare({"a": 0}, {"a": False}) == (Change("a", 0, False),)


@pytest.mark.parametrize("path", [None, ACME])
def test_what_is_asked_for_is_what_is_found(path: Path | None) -> None:
    """The request that makes a ruleset reads back as the values that were wanted."""
    protection = (load_organisation(path) if path else load_organisation()).github.repository.main
    ids = {name: number for number, name in enumerate(protection.bypass, 7)}
    body = protection_body(protection, ids, None)
    assert compare(wanted_protection(protection), found_protection(body, {v: k for k, v in ids.items()})) == ()
