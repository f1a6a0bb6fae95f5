"""The table of long modules names modules that exist."""

from __future__ import annotations

from tests.helpers.schedule import APART, ROOT, SECONDS, deal


def test_each_module_exists() -> None:
    assert [path for path in SECONDS if not (ROOT / path).is_file()] == []
    assert SECONDS.keys() >= APART.keys()


def test_each_test_that_takes_much_longer_exists() -> None:
    for module, tests in APART.items():
        text = (ROOT / module).read_text(encoding="utf-8")
        assert [name for name in tests if f"def {name.partition('[')[0]}(" not in text] == []


def test_each_process_gets_its_part_of_the_long_tests_and_as_many_tests_as_the_others() -> None:
    """The parts are those that pytest-xdist makes: 11 tests for 3 processes are 3, 4 and 4."""
    blocks = [(9.0, ["a"]), (4.0, ["b", "c"]), (8.0, ["d"]), (4.0, ["e"]), (1.0, ["f"])]
    dealt = deal(blocks, ["1", "2", "3", "4", "5"], 3)
    assert [dealt[:3], dealt[3:7], dealt[7:]] == [["a", "1", "2"], ["d", "f", "3", "4"], ["b", "c", "e", "5"]]


def test_no_test_is_lost_where_the_long_ones_are_more() -> None:
    blocks = [(float(number), [f"{number}-{test}" for test in range(number)]) for number in range(1, 8)]
    for processes in (1, 2, 3, 5, 40):
        dealt = deal(blocks, ["x", "y"], processes)
        assert sorted(dealt) == sorted([test for _, block in blocks for test in block] + ["x", "y"])
