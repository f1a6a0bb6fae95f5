"""The notes of a release: what it brings, by type, from the explanation of its version. Pure: touches nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd.version.commits import HEADER
from rnd.version.conflicts import SHORT_HASH
from rnd.version.explanation import shown

if TYPE_CHECKING:
    from rnd.version.next_version import Answer, CommitAnalysis

BREAKING = "Breaking changes"
OTHER = "Other changes"
# The types that people look for, in the order in which they do; every other type is another change.
HEADINGS = {
    "feat": "Features",
    "fix": "Fixes",
    "perf": "Performance",
    "docs": "Documentation",
    "revert": "Reverts",
}
ORDER = (BREAKING, *HEADINGS.values(), OTHER)
LONGEST = 100_000  # characters; GitHub takes 125,000


def write_notes(answer: Answer, repository_url: str) -> str:
    """Return what a release brings, as GitHub Flavored Markdown.

    Args:
        answer: The version and its commits.
        repository_url: Of the repository's page, without a slash at its end.
    """
    groups: dict[str, list[str]] = {heading: [] for heading in ORDER}
    for analysis in answer["commits"]:
        if analysis["level"] != "none":
            groups[_heading(analysis)].append(_entry(analysis))
    parts = [f"## {heading}\n\n" + "\n".join(entries) + "\n" for heading, entries in groups.items() if entries]
    if answer["previous"] is None:
        parts.append("The first release.\n")
    elif parts:
        parts.append(f"**All changes**: {repository_url}/compare/{answer['previous']}...{answer['tag']}\n")
    return _cut("\n".join(parts))


def _heading(analysis: CommitAnalysis) -> str:
    if analysis["level"] == "major":
        return BREAKING
    header = HEADER.match(analysis["subject"])
    return HEADINGS.get(header[1].lower(), OTHER) if header else OTHER


def _entry(analysis: CommitAnalysis) -> str:
    """Return a commit's line; under it, the line of its body that decided, if that says more."""
    decided = analysis["decided"]["text"]
    more = f"\n  {_plain(decided)}" if analysis["level"] == "major" and decided != analysis["subject"] else ""
    return f"- {_plain(analysis['subject'])} ({analysis['id'][:SHORT_HASH]}){more}"


def _plain(text: str) -> str:
    """Return a text that Markdown leaves as it is, and by which nobody is notified; `#12` stays a link."""
    escaped = re.sub(r"([\\`*_\[\]<>~|])", r"\\\1", shown(text, 300))
    return escaped.replace("@", "@<!-- -->")


def _cut(notes: str) -> str:
    if len(notes) <= LONGEST:
        return notes
    return notes[:LONGEST].rpartition("\n")[0] + "\n\nand more.\n"
