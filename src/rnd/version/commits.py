"""What one commit message says about the next version. Pure: text in, plain data out; touches nothing.

A message is read as Conventional Commits 1.0.0 describes it (https://www.conventionalcommits.org/en/v1.0.0/), with
the exceptions that squash merges and Markdown bring:

- the subject is the first line that is not blank: `type(scope)!: text`;
- in the body, a line counts when it starts with `BREAKING CHANGE:` or `BREAKING-CHANGE:`, or when it is a bullet
  `* type(scope)!: text`, which is how GitHub writes the commits of a squashed pull request;
- code fences, indented code and quoted lines are read as CommonMark does, and never count;
- everything else is prose. What looks as if it counted, and does not, is reported with the reason.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal, TypedDict

    Level = Literal["none", "patch", "minor", "major"]
else:
    TypedDict = dict

# From the least to the most; "none" is a commit that does not count.
RANK: dict[Level, int] = {"none": 0, "patch": 1, "minor": 2, "major": 3}

HEADER = re.compile(r"([A-Za-z][\w-]*)(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?(!?):", re.ASCII)
BREAKING = ("BREAKING CHANGE:", "BREAKING-CHANGE:")
BULLET = ("* ", "*\t")
# Compiled when first needed, which in most runs is never: compiling them takes longer than all the parsing.
FENCE = r"(`{3,})[^`]*\Z|(~{3,})"
LINE_END = r"\r\n?|\n"

LOOKALIKE = (
    r"(?i)breaking[\s_-]*change"
    r"|(?<![\w-])feat(?:ure)?s?\s*(?:\([^()]*\)\s*)?(?:!+\s*)?[:\uff1a]"
    r"|(?<![\w-])[a-z][\w-]*(?:\([^()]*\))?\s*!+\s*[:\uff1a]"
)
# Why a look-alike does not count: the first pattern that its line begins with says it.
WHY_SUBJECT = (
    (r"(?i)(?:revert|reapply)\b", "a revert is a patch, whatever it takes back"),
    (r"(?:fixup|squash|amend)! ", "it is meant to be folded into the commit that it names"),
)
WHY_ANYWHERE = (
    (r"(?i)breaking", "only BREAKING CHANGE: or BREAKING-CHANGE: counts, in capitals"),
    (r"\s", "not at the start of its line"),
    (r"[-+]\s|\d+[.)]\s", "only a bullet written `* type: text` counts"),
)

# As git and GitHub write them; with `(#12)` at the end it is the title of a squash merge instead.
MERGE = r"Merge (?!.*\(#\d+\)\Z)(?:pull request #\d+ from \S|(?:remote-tracking )?(?:branch|branches|tags?|commits?) ')"
VERSION_SUBJECT = "chore(release): set version to "


class Finding(TypedDict):
    """One line of a message, and what it was taken for.

    Attributes:
        line: Its number in the message, from 1.
        text: The line without the white space around it.
        reason: Why it decides, or why it does not count.
    """

    line: int
    text: str
    reason: str


class Reading(TypedDict):
    """What a message says.

    Attributes:
        subject: Its first line that is not blank.
        level: What it asks of the next version; "none" where it does not count at all.
        decided: The line that decided.
        lookalikes: Lines that seem to ask for a minor or major version, and do not count.
    """

    subject: str
    level: Level
    decided: Finding
    lookalikes: list[Finding]


def version_message(version: str) -> str:
    """Return the message of the commit that sets the version; `parse` knows it again."""
    return VERSION_SUBJECT + version


def announces(message: str, version: str) -> bool:
    """Say whether a message is that of our own commit that sets a version, or the squash of a branch that has one."""
    ours = version_message(version)
    return any(line.removeprefix("* ").rstrip() == ours for line in re.split(LINE_END, message))


def squash_message(title: str, messages: Sequence[str]) -> str:
    """Return the message that GitHub gives a squash merge: the pull request's title and its commits' messages.

    One commit leaves its body; several become bullets, in the order in which they were made. See
    https://docs.github.com/en/pull-requests, "About merge methods on GitHub".
    """
    if len(messages) == 1:
        _, *body = re.split(LINE_END, messages[0].lstrip(), maxsplit=1)
    else:
        body = [f"* {message}" for message in messages]
    return "\n\n".join([title, *body])


def parse(message: str) -> Reading:
    """Return what a commit message says about the next version.

    Takes any text and never fails; the time taken grows with its length, and no faster.
    """
    lines = re.split(LINE_END, message) if "\r" in message else message.split("\n")
    start = next((number for number, line in enumerate(lines) if _trimmed(line)), 0)
    subject = _trimmed(lines[start])
    level, reason = _header(subject)
    decided = Finding(line=start + 1, text=subject, reason=reason)
    reading = Reading(subject=subject, level=level, decided=decided, lookalikes=[])
    if _is_loud(message):
        if level == "patch" and re.search(LOOKALIKE, subject):
            reading["lookalikes"].append(decided | {"reason": _why(subject, is_subject=True)})
        _read_body(lines, start + 1, reading)
    if subject.startswith("Merge ") and re.match(MERGE, subject):
        return disregard(reading, "git's own message of a merge: the merged commits count themselves")
    if subject.startswith(VERSION_SUBJECT) and not any(map(str.strip, lines[start + 1 :])):
        return disregard(reading, "our own version commit")
    return reading


def disregard(reading: Reading, reason: str) -> Reading:
    """Return a reading as one that does not count; a line that would have raised the version is a look-alike."""
    decided = reading["decided"] | {"reason": reason}
    raised = [decided] if RANK[reading["level"]] > RANK["patch"] else []
    return Reading(subject=reading["subject"], level="none", decided=decided, lookalikes=raised + reading["lookalikes"])


def _header(text: str) -> tuple[Level, str]:
    """Return the level of a subject, or of a bullet's text, and the reason."""
    if text.startswith(BREAKING):
        return "major", "BREAKING CHANGE at the start of a line"
    header = HEADER.match(text)
    if header is None:
        return "patch", "no type: a patch"
    kind = header[1].lower()
    if header[2]:
        return "major", "! before the colon"
    if kind == "feat":
        return "minor", "type feat"
    return "patch", "type fix" if kind == "fix" else "any other type is a patch"


def _read_body(lines: list[str], start: int, reading: Reading) -> None:
    """Raise a reading's level by what the lines from `start` on say, and note their look-alikes."""
    for number, line, ignored in _in_context(lines, start):
        if not _is_loud(line):
            continue
        level: Level = "patch"
        reason = ignored
        if not ignored:
            level, reason = _body_line(line)
        finding = Finding(line=number + 1, text=line.strip(), reason=reason)
        if RANK[level] > RANK[reading["level"]]:
            reading["level"], reading["decided"] = level, finding
        if level == "patch" and re.search(LOOKALIKE, line):
            reading["lookalikes"].append(finding)


def _body_line(line: str) -> tuple[Level, str]:
    if line.startswith(BREAKING + BULLET):
        level, reason = _header(_trimmed(line[1:]) if line.startswith(BULLET) else line)
        if level != "patch":
            return level, reason
    return "patch", _why(line, is_subject=False)


def _in_context(lines: list[str], start: int) -> Iterator[tuple[int, str, str]]:
    """Yield each line's index, its text, and why it cannot count: empty where it can (CommonMark 4.4, 4.5)."""
    fence = ""
    for number in range(start, len(lines)):
        line = lines[number]
        text = line.lstrip(" ")
        indented = len(line) - len(text) > 3 or text.startswith("\t")
        mark = re.match(FENCE, text) if text.startswith(("```", "~~~")) and not indented else None
        if fence:
            if mark and _closes(text.rstrip(), fence):
                fence = ""
            else:
                yield number, line, "inside a code fence"
        elif mark:
            fence = mark[1] or mark[2]
        elif indented:
            yield number, line, "indented, which is code"
        else:
            yield number, line, "quoted" if text.startswith(">") else ""


def _closes(mark: str, fence: str) -> bool:
    """Say whether a line closes a fence: the same character, at least as often, and nothing else."""
    return len(mark) >= len(fence) and mark == fence[0] * len(mark)


def _is_loud(text: str) -> bool:
    """Say whether a text may be more than a patch, or look as if it were: spares most texts the closer look."""
    lowered = text.lower()
    return "feat" in lowered or "breaking" in lowered or "!" in lowered


def _why(text: str, *, is_subject: bool) -> str:
    """Return why a look-alike outside code and quotes does not count."""
    for pattern, reason in WHY_SUBJECT + WHY_ANYWHERE if is_subject else WHY_ANYWHERE:
        if re.match(pattern, text):
            return reason
    if is_subject:
        return "not a subject of the form type(scope)!: text"
    return "prose: a type counts in the subject and in bullets written `* type: text`"


def _trimmed(text: str) -> str:
    """Return a line without the white space and byte order marks around it."""
    return text.strip().strip("\ufeff").strip()
