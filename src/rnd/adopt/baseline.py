"""The lint baseline: findings of today are listed per file, so that only new code has to pass all rules. Pure."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rnd.adopt.toml_text import key_text, split, value_text
from rnd.baseline import EXCLUDED, RULES, UNFORMATTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IGNORES = "tool.ruff.lint.per-file-ignores"
FORMAT = "tool.ruff.format"
INVALID = "invalid-syntax"  # what ruff calls a file that it cannot parse
MARKER = re.compile(rb"(?m)^(?:<{7} |={7}(?: |\r?$)|>{7} )")  # an underline in a text can be one
KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY")


def ruff_findings(report: str) -> dict[str, list[str]]:
    """Return the codes per file of `ruff check --output-format json`; a syntax error has no code.

    https://docs.astral.sh/ruff/settings/#output-format
    """
    found: dict[str, set[str]] = defaultdict(set)
    for one in json.loads(report or "[]"):
        found[one["filename"]].add(one.get("code") or INVALID)
    return {path: sorted(codes) for path, codes in sorted(found.items())}


def untidy(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return the files that a hook of the template would change or refuse, by the hook's id.

    Args:
        files: The content of the text files by path.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path, content in sorted(files.items()):
        lines = content.split(b"\n")
        markdown = path.endswith(".md")
        if any(_trails(line.removesuffix(b"\r"), markdown=markdown) for line in lines):
            found["trailing-whitespace"].append(path)
        if content and (not content.endswith(b"\n") or content.endswith((b"\n\n", b"\r\n\r\n")) or not content.strip()):
            found["end-of-file"].append(path)
        if b"\r" in content:
            found["line-ends"].append(path)
        if MARKER.search(content):
            found["merge-markers"].append(path)
        if KEY.search(content):
            found["private-keys"].append(path)
    return dict(found)


def _trails(line: bytes, *, markdown: bool) -> bool:
    """Return whether a line ends in white space; in Markdown, two spaces are a line break."""
    bare = line.rstrip()
    return line != bare and not (markdown and line == bare + b"  " and bare != b"")


def with_ignores(manifest: str, findings: Mapping[str, list[str]], unformatted: Iterable[str]) -> str:
    """Return a pyproject.toml that ignores the findings of today, file by file.

    Args:
        manifest: The text of the pyproject.toml.
        findings: The codes per file.
        unformatted: The files that the formatter would change.
    """
    lines = "".join(f"{key_text(_glob(path))} = {value_text(codes)}\n" for path, codes in findings.items() if codes)
    excluded = sorted(map(_glob, unformatted))
    blocks = [block.text for block in split(manifest)]
    names = [block.name for block in split(manifest)]
    if lines:
        lines = f"{RULES}\n{lines}"
        if IGNORES in names:
            place = names.index(IGNORES)
            blocks[place] = f"{blocks[place].rstrip()}\n{lines}\n"
        else:
            blocks.append(f"\n[{IGNORES}]\n{lines}")
    if excluded:
        text = f"{UNFORMATTED}\nexclude = [\n{''.join(f'  {value_text(path)},' + chr(10) for path in excluded)}]\n"
        if FORMAT in names:
            return "".join(blocks)  # its own table decides
        blocks.append(f"\n[{FORMAT}]\n{text}")
    return "".join(blocks)


def _glob(path: str) -> str:
    """Return a path as a pattern that matches only itself."""
    return re.sub(r"([\[\]*?{}!])", r"[\1]", path)


def with_excludes(hooks: str, untidy_files: Mapping[str, list[str]]) -> str:
    """Return a .pre-commit-config.yaml in which hooks leave alone the files that they would change today.

    Args:
        hooks: The rendered text.
        untidy_files: The files by the hook's id.
    """
    for hook, paths in untidy_files.items():
        pattern = "|".join(re.escape(path).replace("\\ ", " ").replace("\\-", "-") for path in paths)
        line = f"        exclude: {json.dumps(f'^({pattern})$', ensure_ascii=False)}  {EXCLUDED}\n"
        form = rf"(?ms)(^      - id: {hook}\n.*?        language: \w+\n)"
        hooks = re.sub(form, lambda found, line=line: found[1] + line, hooks, count=1)
    return hooks


def without_types(hooks: str) -> str:
    """Return the hooks without the type checker, which the code was not written for."""
    return re.sub(r"(?ms)^      - id: types\n.*?(?=^      - id: )", "", hooks, count=1)
