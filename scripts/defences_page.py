"""The page `docs/reference/defences.md`: each defence that is weakened, what then succeeds, and which test notices."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scripts.markdown import NOTE, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.weaken import Defence

INTRODUCTION = """\
A test proves a defence only if it fails without it. `make weaken` replaces the text of one defence at a time by a
weaker one, in a copy of this checkout, and runs the test of that defence: it must fail then, and pass with the defence.
There are {count}. The invariants are those of [Threats](../threats.md).
"""


def defences_page(defences: Sequence[Defence]) -> str:
    """Return the page.

    Args:
        defences: All of them, ordered by invariant.
    """
    counts = Counter(one.invariant for one in defences)
    rows = [(one.invariant, one.defence, one.succeeds, f"`{one.test.partition('::')[0]}`") for one in defences]
    return "\n".join(
        [
            NOTE.format(source="tests/defences/"),
            "# Weakened defences\n",
            INTRODUCTION.format(count=len(defences)),
            table(("invariant", "defences"), ((name, str(number)) for name, number in counts.items())),
            table(("invariant", "defence", "succeeds without it", "test"), rows),
        ]
    )
