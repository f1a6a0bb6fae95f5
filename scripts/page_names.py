"""Find names on pages that nothing in the repository has, because it was renamed or removed: part of `scripts.rules`.

What stands in backticks counts: a path, a key of org.yml, an option, a variable, a job, the code of an error. Programs
and services of others have names too; `OTHERS` lists those that occur in no file of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pathlib import Path

# Where names come from. Tests are a source too: pages name the tests and their fixtures.
SOURCES = (
    "src",
    "packages",
    "scripts",
    "actions",
    "images",
    "partials",
    "questions",
    "template",
    "tests",
    "benchmarks",
)
FOLDERS = (*SOURCES, "docs", ".github")
GENERATED = ("docs/reference/commands.md", "docs/reference/errors.md")
BINARY = frozenset({".png", ".gz", ".pyc", ".svg", ".js"})
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# A name: an option, or a word with a mark in it that prose has not, or several of them with dots between.
NAME = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+|[A-Za-z_]\w*(?:[.-]\w+)*")
MARKED = re.compile(r"[-_.]|[a-z][A-Z]")
EXAMPLE = re.compile(r"[A-Z]+-")  # PREFIX-runners
FILE = re.compile(r"\.(?:py|json|yml|toml|io|com)$")
PATH = re.compile(r"(?:\.?[\w-]+/)+[\w.-]*")
USED = re.compile(r"uses: ([\w./-]+)@")
OTHERS = frozenset({
    "--pretend", "BLOB_MOUNTING", "appId", "build-constraint-dependencies", "core.symlinks", "github.auth.status",
    "hashFiles", "key.pem", "nvidia-container-cli.no-cgroups", "pixi.lock", "public.ecr.aws", "rewrite-timestamp",
    "runnerLevel",
    "RND_APP_CLIENT_ID", "RND_APP_PRIVATE_KEY",  # secrets of earlier versions, to be deleted
    "first_probe", "rnd-aligner", "run.17203948571", "ubuntu-24.04",  # examples
    ".github/rnd.yml", "docs/_build", "tests/test_levels.py",  # of a repository
})  # fmt: skip
# A command of such a program; tests/test_page_commands.py has what the pages tell people to run.
COMMAND = re.compile(r"(?:aws|cdk|export|for|gh|git|grep|npx|openssl|rnd new first_probe) ")
JINJA = re.compile(r"{%.*?%}|\.jinja$")


def pages(root: Path) -> list[Path]:
    """Return the pages that people write: neither generated from the code nor by a benchmark."""
    found = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("actions/*.md"), *root.glob("packages/**/*.md")]
    found += [*root.glob("src/**/*.md"), *root.glob("template/*.md.jinja")]
    return sorted(page for page in found if page.parent.name not in {"reference", "benchmarks"})


def known_names(root: Path) -> frozenset[str]:
    """Return each name in the files of the repository, and each part of it between dots."""
    files = [path for folder in (*SOURCES, ".github") for path in (root / folder).rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix not in {*BINARY, ".md"} and path.name != "page_names.py"]
    files += [path for path in root.iterdir() if path.suffix in {".yml", ".toml", ".py"} or path.name == "Makefile"]
    found: set[str] = set()
    for path in [*files, *(root / name for name in GENERATED)]:
        text = path.read_text(encoding="utf-8", errors="replace")
        found.update(NAME.findall(path.name), NAME.findall(text), USED.findall(text))
    rendered = {
        JINJA.sub("", path.relative_to(root / "template").as_posix()) for path in (root / "template").rglob("*")
    }
    return frozenset(found.union(rendered, *(name.split(".") for name in found)))


def find_names(name: str, text: str, root: Path, known: frozenset[str]) -> list[str]:
    """Return what a page names and nothing has, as messages.

    Args:
        name: The path of the page below the root.
        text: Its content.
        root: The folder of the repository.
        known: The names that its files have.
    """
    schema = json.loads((root / "docs/reference/org.schema.json").read_text(encoding="utf-8"))
    blank = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    found = []
    for span in SPAN.finditer(blank):
        line = blank.count("\n", 0, span.start()) + 1
        found += [f"{name}:{line}: names `{one}`, which {why}" for one, why in _unknown(span[1], root, schema, known)]
    return found


def _unknown(span: str, root: Path, schema: dict[str, Any], known: frozenset[str]) -> list[tuple[str, str]]:
    if PATH.fullmatch(span) and span.partition("/")[0] in FOLDERS:
        there = (root / span).exists() or span in known | OTHERS or "my_project" in span
        return [] if there else [(span, "is not there")]
    if COMMAND.match(span):
        return []
    found = []
    for name in sorted({name for name in NAME.findall(span) if MARKED.search(name)} - OTHERS):
        if name.partition(".")[0] in schema["properties"] and "." in name and not FILE.search(name):
            if not _is_key(name.split("."), schema, schema):
                found.append((name, "is not a key of org.yml"))
        elif not EXAMPLE.match(name) and name not in known:
            found.append((name, "nothing in the repository has"))
    return found


def _is_key(parts: list[str], at: object, schema: Mapping[str, Any]) -> bool:
    """Return whether a part of the schema, or one of its alternatives, has a key."""
    if not parts:
        return True
    if isinstance(at, list):
        return any(_is_key(parts, one, schema) for one in at)
    if not isinstance(at, Mapping):
        return False
    node = cast("Mapping[str, Any]", at)
    if "$ref" in node:
        return _is_key(parts, schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    named = list(node.get("patternProperties", {}).values())
    below = node.get("properties", {}).get(parts[0], node.get("additionalProperties") or named or None)
    if below is not None and _is_key(parts[1:], below, schema):
        return True
    return any(_is_key(parts, node[one], schema) for one in ("anyOf", "oneOf", "allOf") if one in node)
