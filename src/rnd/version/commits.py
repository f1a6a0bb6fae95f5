"""What one commit message says about the next version. Pure: text in, plain data out; touches nothing.

The rules are those of Conventional Commits 1.0.0 (https://www.conventionalcommits.org/en/v1.0.0/), with additions
for squash merges and Markdown:

- the subject is the first line that is not blank: `type(scope)!: text`;
- a subject with a type decides; without a type, the bullets `* type(scope)!: text` of the body count, which is how
  GitHub writes the commits of a squashed pull request;
- `BREAKING CHANGE:` or `BREAKING-CHANGE:` at the start of a line counts anywhere;
- code fences, indented code and quoted lines are read as in CommonMark, and never count;
- everything else is prose. A line that resembles one that counts is reported as a near miss, with the reason.
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

NEAR_MISS = (
    r"(?i)breaking[\s_-]*change"
    r"|(?<![\w-])feat(?:ure)?s?\s*(?:\([^()]*\)\s*)?(?:!+\s*)?[:\uff1a]"
    r"|(?<![\w-])[a-z][\w-]*(?:\([^()]*\))?\s*!+\s*[:\uff1a]"
)
# A line that a renderer or a line wrap left: the end of `**BREAKING CHANGE:**`. Before a letter, bold text begins.
BOLD_END = r"BREAKING[ -]CHANGE:(?:\*\*|__)(?![^\W_])"
# Why a near miss does not count: the first pattern that its line begins with says it.
WHY_SUBJECT = (
    (r"(?i)(?:revert|reapply)\b", "a revert is a patch, whatever it takes back"),
    (r"(?:fixup|squash|amend)! ", "it is meant to be folded into the commit that it names"),
)
WHY_ANYWHERE = (
    (BOLD_END, "the end of bold text: BREAKING CHANGE: counts without formatting only"),
    (r"(?i)[*_]{1,3}breaking", "formatted as bold or italic: BREAKING CHANGE: counts without formatting only"),
    (r"(?i)breaking", "only BREAKING CHANGE: or BREAKING-CHANGE: counts, in capitals"),
    (r"\s", "not at the start of its line"),
    (r"#{1,6}\s", "a heading: it names a section of the message"),
    (r"[-+]\s|\d+[.)]\s", "only a bullet written `* type: text` counts"),
)

TYPED_TITLE = "a bullet, and the title has a type, which decides"
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


class ParsedMessage(TypedDict):
    """What a message says.

    Attributes:
        subject: Its first line that is not blank.
        level: What it asks of the next version; "none" where it does not count at all.
        decided: The line that decided.
        near_misses: Lines that resemble a request for a minor or major version, and do not count.
    """

    subject: str
    level: Level
    decided: Finding
    near_misses: list[Finding]


def version_message(version: str) -> str:
    """Return the message of the commit that sets the version; `parse` knows it again."""
    return VERSION_SUBJECT + version


def announces(message: str, version: str) -> bool:
    """Return whether a message is that of a version commit, or of the squash of a branch with one."""
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


def parse(message: str) -> ParsedMessage:
    """Return what a commit message says about the next version.

    Takes any text and never fails, in time linear in its length.
    """
    lines = re.split(LINE_END, message) if "\r" in message else message.split("\n")
    start = next((number for number, line in enumerate(lines) if _trimmed(line)), 0)
    subject = _trimmed(lines[start])
    level, reason = _header(subject)
    decided = Finding(line=start + 1, text=subject, reason=reason)
    parsed = ParsedMessage(subject=subject, level=level, decided=decided, near_misses=[])
    if _is_loud(message):
        if level == "patch" and re.search(NEAR_MISS, subject):
            parsed["near_misses"].append({**decided, "reason": _why(subject, is_subject=True)})
        _read_body(lines, start + 1, parsed)
    if subject.startswith(VERSION_SUBJECT) and not any(map(str.strip, lines[start + 1 :])):
        return disregard(parsed, "our own version commit")
    return parsed


def has_type(subject: str) -> bool:
    """Return whether a subject has a type, and so decides itself: `type(scope)!:`, or `BREAKING CHANGE:`."""
    return HEADER.match(subject) is not None or _is_breaking(subject)


def disregard(parsed: ParsedMessage, reason: str) -> ParsedMessage:
    """Return a message as one that does not count; a line that would have raised the version becomes a near miss."""
    decided: Finding = {**parsed["decided"], "reason": reason}
    raised = [decided] if RANK[parsed["level"]] > RANK["patch"] else []
    near_misses = raised + parsed["near_misses"]
    return ParsedMessage(subject=parsed["subject"], level="none", decided=decided, near_misses=near_misses)


def _header(text: str) -> tuple[Level, str]:
    """Return the level of a subject, or of a bullet's text, and the reason."""
    if _is_breaking(text):
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


def _is_breaking(text: str) -> bool:
    return text.startswith(BREAKING) and not re.match(BOLD_END, text)


def _read_body(lines: list[str], start: int, parsed: ParsedMessage) -> None:
    """Raise a message's level by what the lines from `start` on say, and note their near misses."""
    typed = has_type(parsed["subject"])
    for number, line, ignored in _in_context(lines, start):
        if not _is_loud(line):
            continue
        level: Level = "patch"
        reason = ignored
        if not ignored:
            level, reason = _body_line(line, typed=typed)
        finding = Finding(line=number + 1, text=line.strip(), reason=reason)
        if RANK[level] > RANK[parsed["level"]]:
            parsed["level"], parsed["decided"] = level, finding
        if level == "patch" and re.search(NEAR_MISS, line):
            parsed["near_misses"].append(finding)


def _body_line(line: str, *, typed: bool) -> tuple[Level, str]:
    """Return the level of a line outside code and quotes, and the reason.

    Args:
        line: The line.
        typed: Whether the title has a type: then bullets do not count.
    """
    if line.startswith(BULLET):
        level, reason = _header(_trimmed(line[1:]))
        if level != "patch":
            return ("patch", TYPED_TITLE) if typed else (level, reason)
    elif _is_breaking(line):
        return _header(line)
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
    """Return whether a line closes a fence: the same character, at least as often, and nothing else."""
    return len(mark) >= len(fence) and mark == fence[0] * len(mark)


def _is_loud(text: str) -> bool:
    """Return whether a text may be more than a patch, or look as if it were: spares most texts the closer look."""
    lowered = text.lower()
    return "feat" in lowered or "breaking" in lowered or "!" in lowered


def _why(text: str, *, is_subject: bool) -> str:
    """Return why a near miss outside code and quotes does not count."""
    for pattern, reason in WHY_SUBJECT + WHY_ANYWHERE if is_subject else WHY_ANYWHERE:
        if re.match(pattern, text):
            return reason
    if is_subject:
        return "not a subject of the form type(scope)!: text"
    return "prose: a type counts in the subject and in bullets written `* type: text`"


def _trimmed(text: str) -> str:
    """Return a line without the white space and byte order marks around it."""
    return text.strip().strip("\ufeff").strip()
