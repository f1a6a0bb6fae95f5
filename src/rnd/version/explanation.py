"""The reasons for a version, in three forms: rows of a table, a JSON document, Markdown. Pure: touches nothing."""

from __future__ import annotations

import re

from rnd.version.commits import RANK
from rnd.version.conflicts import SHORT_HASH, conflict

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.version.next_version import Answer, CommitAnalysis

COLUMNS = ("commit", "level", "subject", "reason")
LONGEST_TEXT = 100  # characters of a line that are shown
LONGEST_RUN = 40  # backticks in a row; a code span is delimited by one more, and GitHub reads 80 at most
MOST_ROWS = 500  # of a table; the JSON document has them all
MOST_TAGS = 10  # that are named
LONGEST_COMMENT = 60_000  # characters; GitHub takes 65,536 in one comment


def summary(answer: Answer) -> str:
    """Return the version and its reason in a line of text, and below it what to know before a release."""
    return f"{answer['version']}: {answer['reason']}." + "".join(f"\n{note}" for note in _notes(answer))


def rows(answer: Answer) -> list[tuple[str, str, str, str]]:
    """Return what `COLUMNS` has for each commit, those that decide first, and below it the lines that say why.

    The line of the body that decides has its number, a near miss is marked as ignored.
    """
    table: list[tuple[str, str, str, str]] = []
    analyses = _by_level(answer)
    for analysis in analyses[:MOST_ROWS]:
        decided, subject = analysis["decided"], shown(analysis["subject"])
        short = analysis["id"][:SHORT_HASH]
        if _decided_by_subject(analysis):
            table.append((short, analysis["level"], subject, decided["reason"]))
        else:
            table.append((short, analysis["level"], subject, f"line {decided['line']} decides"))
            table.append(("", f"line {decided['line']}", shown(decided["text"]), decided["reason"]))
        table += [("", "ignored", shown(found["text"]), found["reason"]) for found in analysis["near_misses"]]
    if len(analyses) > MOST_ROWS:
        table.append(("", "", f"and {len(analyses) - MOST_ROWS} more; --json has them all", ""))
    return table


def markdown(answer: Answer, page: str | None = None) -> str:
    """Return the explanation as a comment on a pull request: GitHub Flavored Markdown, short enough to be posted.

    Where it would be too long, the commits that say the least are left out, and their number is given.

    Args:
        answer: The version, and why.
        page: The address of the repository's page, for links to the commits; None where it is unknown.
    """
    notes = "".join(f"\n\n{note}" for note in _notes(answer))
    head = f"### Next version: `{answer['version']}`\n\n{_sentence(answer['reason'])}{notes}\n"
    entries = _by_level(answer)
    counted = [f"| {_link(entry, page)} | {entry['level']} | {_what(entry)} |" for entry in entries]
    ignored = [
        f"| {_link(entry, page)} | line {found['line']} | {_code(found['text'])} | {found['reason']} |"
        for entry in entries
        for found in entry["near_misses"]
    ]
    return (
        head
        + _markdown_table("| commit | level | subject | reason |", counted, "commits")
        + _details(_markdown_table("| commit | where | text | why not |", ignored, "near misses"), len(ignored))
    )


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text that a terminal and a table can show: one line, nothing that steers, not too long."""
    kept = text[: longest + 1]
    visible = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in kept)
    return visible if len(kept) <= longest else visible[:longest] + "…"


def _notes(answer: Answer) -> list[str]:
    """Return what a person must know before a release: what keeps it from being made, and tags of an unknown form."""
    found = conflict(answer)
    notes = [f"It cannot be released: {found[0]}. {found[1]}"] if found else []
    if answer["unrecognised_tags"]:
        names = ", ".join(answer["unrecognised_tags"][:MOST_TAGS])
        more = len(answer["unrecognised_tags"]) - MOST_TAGS
        notes.append(
            "Newer tags of an unknown form in this history, which do not count: "
            + names
            + (f" and {more} more." if more > 0 else ".")
        )
    return notes


def _by_level(answer: Answer) -> list[CommitAnalysis]:
    return sorted(answer["commits"], key=lambda analysis: -RANK[analysis["level"]])


def _decided_by_subject(analysis: CommitAnalysis) -> bool:
    return analysis["decided"]["text"] == analysis["subject"]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _link(analysis: CommitAnalysis, page: str | None) -> str:
    short = f"`{analysis['id'][:SHORT_HASH]}`"
    return f"[{short}]({page}/commit/{analysis['id']})" if page else short


def _what(analysis: CommitAnalysis) -> str:
    """Return the cells of a table for the subject, with the line that decides if it is another one, and the reason."""
    decided = analysis["decided"]
    cell = _code(analysis["subject"])
    if not _decided_by_subject(analysis):
        cell += f"<br>line {decided['line']}: {_code(decided['text'])}"
    return f"{cell} | {decided['reason']}"


def _markdown_table(head: str, entries: Sequence[str], noun: str) -> str:
    if not entries:
        return ""
    lines = [head, "|---|---|---|---|"]
    room = LONGEST_COMMENT // 2
    for entry in entries:
        room -= len(entry) + 1
        if room < 0:
            break
        lines.append(entry)
    left_out = len(entries) - (len(lines) - 2)
    more = f"\n\nand {left_out} more {noun}." if left_out else ""
    return "\n" + "\n".join(lines) + more + "\n"


def _details(table: str, number: int) -> str:
    if not table:
        return ""
    return f"\n<details><summary>Ignored near misses: {number}</summary>\n{table}\n</details>\n"


def _code(text: str) -> str:
    """Return a text as a code span in a table's cell, where it mentions nobody and links to nothing."""
    inside = re.sub(f"`{{{LONGEST_RUN + 1},}}", "`" * LONGEST_RUN + "…", shown(text)).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", inside)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {inside} {fence}" if longest else f"{fence}{inside or ' '}{fence}"
