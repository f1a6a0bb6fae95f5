"""Count stilted words in the prose of the project: `python -m scripts.words`.

Python files count with their docstrings, comments and string literals, every other file with its whole text. A phrase
may be wrapped over two lines. The exit code is 1 when more than `LIMIT` of 10,000 words are on the list.
"""

from __future__ import annotations

import re
import sys
import tokenize
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 3.0
PER = 10_000

GROUPS: dict[str, tuple[str, ...]] = {
    "source": ("src/**/*.py", "packages/*/src/**/*.py"),
    "docs": ("docs/**/*.md",),
    "actions": ("actions/**/*.yml", "actions/**/*.md", ".github/**/*.yml"),
    "template": ("template/**/*", "partials/*", "questions/*", "copier.yml", "org.yml"),
    "readme": ("README.md", "CHANGELOG.md", "packages/*/README.md", "Makefile", "images/Dockerfile"),
    "scripts": ("scripts/*", "benchmarks/*.py"),
}

WORDS: dict[str, str] = {
    r"mend(s|ed|ing)?": "fix, repair",
    r"anew|once more": "again, re-run",
    r"whoever": "name the actor",
    r"what(ever)? (bec(ame|omes)|has become) of|bec(ame|omes?) of": "result, even if … fails",
    r"lest": "so that … not",
    r"shall": "must, will, or the present tense",
    r"thus|hence": "so",
    r"likewise": "also",
    r"beforehand": "before, in advance",
    r"all the same": "anyway, still",
    r"by chance": "transient, at random",
    r"(?<!all\s)at once": "immediately, at the same time",
    r"(held|holds?|holding) (\w+ )?(to|against)": "check against, validate",
    r"(says?|said|saying|tells?|told|telling) whether": "return whether, report whether",
    r"(is|are|was|were|be|been|being) told": "gets, receives, is passed",
    r"tell(s|ing)? (a|the) (person|people|user)": "report, print",
    r"stands? (for|against)": "represents, means, replaces",
    r"those (of them|(that|which) there are)": "name the things",
    r"(?<!there\s)(is|are|was|were) no(?=\s+(?!longer\b|more\b|different\b)[a-z])": "is not a",
    r"nothing but": "only",
    r"say(s|ing)? nothing": "print nothing",
    r"a whole life|whole life": "full lifecycle",
    r"in the making": "in progress",
    r"for good": "permanently",
    r"ought": "should",
    r"whence|whither|yonder|hitherto|henceforth|thereof|therein|wherein|whereof|thereby": "plain words",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A stilted word in a file."""

    path: str
    line: int
    word: str
    suggestion: str

    def __str__(self) -> str:
        """Return the place the way compilers print one."""
        return f"{self.path}:{self.line}: {self.word} (write: {self.suggestion})"


def pattern(phrase: str) -> re.Pattern[str]:
    """Return the expression that finds a phrase, also where it continues on the next line or the next comment."""
    wrapped = phrase.replace(" ", r"[\s#]+")
    return re.compile(rf"\b(?:{wrapped})(?!\w)", re.IGNORECASE)


PATTERNS = [(pattern(phrase), suggestion) for phrase, suggestion in WORDS.items()]


def python_prose(source: str) -> str:
    """Return Python source with everything blanked but comments and strings; lines keep their numbers."""
    lines = source.splitlines(keepends=True)
    kept = [["\n" if character == "\n" else " " for character in line] for line in lines]
    wanted = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type not in wanted:
            continue
        (first, start), (last, end) = token.start, token.end
        for number in range(first, last + 1):
            left, right = start if number == first else 0, end if number == last else len(lines[number - 1])
            kept[number - 1][left:right] = list(lines[number - 1][left:right])
    return "".join("".join(line) for line in kept)


def places(path: str, text: str) -> list[Place]:
    """Return the stilted words of a text, in the order of its lines."""
    found = [(match, suggestion) for expression, suggestion in PATTERNS for match in expression.finditer(text)]
    found.sort(key=lambda item: item[0].start())
    return [
        Place(path, text.count("\n", 0, match.start()) + 1, " ".join(match[0].replace("#", " ").split()), suggestion)
        for match, suggestion in found
    ]


def files(root: Path, globs: tuple[str, ...]) -> list[Path]:
    """Return the files of a group; this list of words is exempt from itself."""
    paths = {path for glob in globs for path in root.glob(glob) if path.is_file()}
    return sorted(path for path in paths if path.name != Path(__file__).name and path.suffix != ".pyc")


def main(root: Path = ROOT) -> int:
    """Print each place and the count per group, and return the exit code."""
    all_words = all_places = 0
    summary = []
    for group, globs in GROUPS.items():
        words = stilted = 0
        for path in files(root, globs):
            text = path.read_text(encoding="utf-8")
            prose = python_prose(text) if path.suffix == ".py" else text
            found = places(path.relative_to(root).as_posix(), prose)
            words, stilted = words + len(re.findall(r"[A-Za-z']+", prose)), stilted + len(found)
            sys.stdout.writelines(f"{place}\n" for place in found)
        summary.append(f"{group:10} {stilted:5} of {words:7} words\n")
        all_words, all_places = all_words + words, all_places + stilted
    rate = all_places * PER / max(all_words, 1)
    sys.stdout.writelines(summary)
    sys.stdout.write(f"{rate:.1f} of {PER:,} words are stilted; the limit is {LIMIT:g}\n")
    return int(rate > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
