"""What is left of the lint baseline of a repository that joined, and its level. Pure.

`rnd adopt` lists the findings of that day file by file, so that only new code has to pass all rules. A person deletes a
line once its file is clean; a repository without any is in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

RULES = "# What was there when the repository joined. Delete a line once its file is clean."
UNFORMATTED = "# Not formatted when the repository joined. Delete a file once it is."
EXCLUDED = "# when the repository joined"  # at the end of the line `exclude:` of a hook

Level = Literal["joined", "in order"]


@dataclass(frozen=True)
class Baseline:
    """What is left of a baseline.

    Attributes:
        rules: The files for which rules are ignored.
        unformatted: The files that are not formatted.
        hooks: The files that hooks leave alone, counted once for each hook.
    """

    rules: int
    unformatted: int
    hooks: int

    @property
    def entries(self) -> int:
        """The number of all entries."""
        return self.rules + self.unformatted + self.hooks

    @property
    def level(self) -> Level:
        """The level of the repository: in order as soon as nothing is left."""
        return "joined" if self.entries else "in order"


def remaining(manifest: str, hooks: str) -> Baseline:
    """Return what is left of the baseline.

    Args:
        manifest: The text of pyproject.toml.
        hooks: The text of .pre-commit-config.yaml.
    """
    rules = _below(manifest, RULES, r"\s*[\"\w].*=")
    unformatted = _below(manifest, UNFORMATTED, r"\s*\"|exclude\s*=\s*\[\s*\"")
    patterns = re.findall(rf"(?m)^\s*exclude: .*\^\((.*)\)\$.*{re.escape(EXCLUDED)}\s*$", hooks)
    return Baseline(rules, unformatted, sum(len(re.findall(r"(?<!\\)\|", one)) + 1 for one in patterns))


def _below(text: str, comment: str, form: str) -> int:
    """Return how many lines have a form, from a comment to the next table."""
    _, found, rest = text.partition(comment)
    block = re.split(r"(?m)^\[", rest, maxsplit=1)[0] if found else ""
    return sum(re.match(form, line) is not None for line in block.splitlines())
