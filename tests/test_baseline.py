"""What is left of the lint baseline, from the texts that `rnd adopt` wrote."""

from __future__ import annotations

from rnd.adopt.baseline import with_excludes, with_ignores
from rnd.baseline import Baseline, remaining

MANIFEST = '[tool.ruff.lint.per-file-ignores]\n"*.ipynb" = ["E402"]\n\n[tool.ty.src]\ninclude = ["src"]\n'
HOOKS = """\
      - id: end-of-file
        entry: x
        language: system
        types: [text]
        exclude: ^docs/
      - id: line-ends
        language: system
"""


def test_each_entry_of_the_baseline_counts_until_it_is_deleted() -> None:
    manifest = with_ignores(MANIFEST, {"src/a.py": ["B006"], "src/b c.py": ["E501", "N801"]}, ["x.py", "y.py", "z.py"])
    hooks = with_excludes(HOOKS, {"end-of-file": ["a|b.md", "c.md"], "line-ends": ["d.txt"]})
    assert remaining(manifest, hooks) == Baseline(rules=2, unformatted=3, hooks=3)
    assert remaining(manifest.replace('"src/a.py" = ["B006"]\n', ""), hooks).rules == 1
    assert remaining(manifest, hooks).level == "joined"


def test_a_repository_without_a_baseline_is_in_order() -> None:
    left = remaining(MANIFEST, HOOKS)
    assert (left.entries, left.level) == (0, "in order")
    emptied = (
        with_ignores(MANIFEST, {"a.py": ["B006"]}, ["a.py"])
        .replace('"a.py" = ["B006"]\n', "")
        .replace('  "a.py",\n', "")
    )
    assert remaining(emptied, "").level == "in order"
