"""How values are compared and formatted."""

from __future__ import annotations

from rnd.github.settings.diff import Change, compare, format_value


def test_values_are_formatted_as_in_org_yml() -> None:
    assert [format_value(value) for value in (None, True, False, 0, 1, "x", (), ("a", "b"))] == [
        *("nothing", "true", "false", "0", "1", "x", "[]", "[a, b]")
    ]


def test_zero_is_not_false() -> None:
    assert compare({"a": 0}, {"a": False}) == (Change("a", 0, False),)
