"""The ruleset that protects `main`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.github.settings.diff import compare
from rnd.github.settings.ruleset import found_values, request_body, wanted_values
from rnd.organisation import load_organisation
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", [None, ACME])
def test_a_request_reads_back_as_the_wanted_values(path: Path | None) -> None:
    protection = (load_organisation(path) if path else load_organisation()).github.repository.main
    ids = {name: number for number, name in enumerate(protection.bypass, 7)}
    body = request_body(protection, ids, None)
    assert compare(wanted_values(protection), found_values(body, {v: k for k, v in ids.items()})) == ()
