"""The reasons for a version, in three forms: rows of a table, a JSON document, Markdown. Pure: touches nothing."""

from __future__ import annotations

from rnd.version.commits import RANK

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.version.commits import Finding
    from rnd.version.next_version import Answer

COLUMNS = ("commit", "level", "decided by", "why")
SHORT_HASH = 7
LONGEST_TEXT = 100  # characters of a line that are shown
MOST_ROWS = 500  # of a table; the JSON document has them all
LONGEST_COMMENT = 60_000  # characters; GitHub takes 65,536 in one comment


def summary(answer: Answer) -> str:
    """Return the version and its reason in a line of text, and in a second one what keeps it from being released."""
    return f"{answer['version']}: {answer['because']}." + _warning(answer)


def rows(answer: Answer) -> list[tuple[str, str, str, str]]:
    """Return what `COLUMNS` has for each commit, and for each look-alike under its commit's row."""
    table: list[tuple[str, str, str, str]] = []
    for verdict in answer["commits"][:MOST_ROWS]:
        decided = verdict["decided"]
        table.append((verdict["id"][:SHORT_HASH], verdict["level"], shown(decided["text"]), decided["reason"]))
        table += [("", "ignored", shown(found["text"]), found["reason"]) for found in verdict["lookalikes"]]
    if len(answer["commits"]) > MOST_ROWS:
        table.append(("", "", f"and {len(answer['commits']) - MOST_ROWS} more; --json has them all", ""))
    return table


def markdown(answer: Answer) -> str:
    """Return the explanation as a comment on a pull request: GitHub Flavored Markdown, short enough to be posted.

    Where it would be too long, the commits that say the least are left out, and their number is given.
    """
    head = f"### Next version: `{answer['version']}`\n\n{_sentence(answer['because'])}{_warning(answer)}\n"
    entries = sorted(answer["commits"], key=lambda verdict: -RANK[verdict["level"]])
    counted = [_markdown_row(verdict["id"][:SHORT_HASH], verdict["level"], verdict["decided"]) for verdict in entries]
    ignored = [
        _markdown_row(verdict["id"][:SHORT_HASH], f"line {found['line']}", found)
        for verdict in entries
        for found in verdict["lookalikes"]
    ]
    return (
        head
        + _markdown_table("| commit | level | decided by | why |", counted, "commits")
        + _details(_markdown_table("| commit | where | text | why not |", ignored, "look-alikes"), len(ignored))
    )


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text that a terminal and a table can show: one line, nothing that steers, not too long."""
    kept = text[: longest + 1]
    visible = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in kept)
    return visible if len(kept) <= longest else visible[:longest] + "…"


def _warning(answer: Answer) -> str:
    taken = answer["taken"]
    return f"\nIt cannot be released: tag {taken} is on another commit. Bring the branch up to date." if taken else ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _markdown_row(commit: str, label: str, found: Finding) -> str:
    return f"| `{commit}` | {label} | {_code(found['text'])} | {found['reason']} |"


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
    return f"\n<details><summary>Ignored look-alikes: {number}</summary>\n{table}\n</details>\n"


def _code(text: str) -> str:
    """Return a text as a code span in a table's cell, where it mentions nobody and links to nothing."""
    inside = shown(text).replace("|", "\\|")
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in inside).split()), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {inside} {fence}" if longest else f"{fence}{inside or ' '}{fence}"
