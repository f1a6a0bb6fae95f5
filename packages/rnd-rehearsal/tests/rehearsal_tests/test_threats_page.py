"""docs/threats.md names what is tried, and counts what is weakened."""

from __future__ import annotations

import re

from rehearsal_tests import test_attacks
from rnd_rehearsal.attacks.matrix import ATTACKERS, ATTACKS, EMPTY, INVARIANTS, Attempt, Matrix
from tests.helpers.machine import ROOT

TESTS = vars(test_attacks)
# Where the files are that docs/threats.md names.
PLACES = (".", "packages/fake-github/tests", "packages/rnd-rehearsal/tests/rehearsal_tests")


def test_the_page_for_reviewers_names_what_is_tried() -> None:
    """Its attackers, its invariants, and the files of the attempts of each."""
    rows = [line.strip("|").split("|") for line in (ROOT / "docs/threats.md").read_text(encoding="utf-8").splitlines()]
    cells = {row[0].strip(): [one.strip() for one in row[1:]] for row in rows if len(row) > 1}
    assert set(ATTACKERS) <= set(cells)
    for invariant in INVARIANTS:
        written = set(re.findall(r"`(\w+)\.py`", cells[invariant][1]))
        assert written == {one.act.__module__.rpartition(".")[2] for one in ATTACKS if one.invariant == invariant}
        for name in re.findall(r"`([\w/.]+)`", cells[invariant][2]):
            assert name in TESTS or any((ROOT / place / name).exists() for place in PLACES), name


def test_the_page_for_reviewers_counts_what_is_weakened() -> None:
    """Its table has each test of `test_attacks` that weakens something, with the number of its cases."""
    page = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
    written = {name: int(number) for name, number in re.findall(r"^\| `(test_\w+)` \| (\d+)", page, re.MULTILINE)}
    assert {name for name in written if name not in TESTS} == set()
    counted = {name: [len(one.args[1]) for one in getattr(TESTS[name], "pytestmark", ())] for name in written}
    assert written == {name: sum(found) or 1 for name, found in counted.items()}
    assert f"- {sum(written.values())} more" in page


def test_a_cell_without_attempts_has_a_reason() -> None:
    assert {who for who, _ in EMPTY} <= set(ATTACKERS)
    assert {what for _, what in EMPTY} <= set(INVARIANTS)
    assert {(one.attacker, one.invariant) for one in ATTACKS} & set(EMPTY) == set(), "the reason is not true any more"
    empty = Matrix([Attempt(one, "somebody") for one in ATTACKS if one.invariant != "I5"])
    assert "contributor on I5 has neither attempts nor a reason" in empty.faults()
    broken = Matrix([Attempt(ATTACKS[0], None)])
    assert f"{ATTACKS[0].attacker} breaks {ATTACKS[0].invariant}: {ATTACKS[0].way}" in broken.faults()
    assert broken.rows()[list(ATTACKERS).index(ATTACKS[0].attacker)].count("0/1") == 1
