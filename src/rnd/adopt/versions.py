"""Finds the version that a build would read from a file, and what else repeats it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Fact, OpenPoint
from rnd.adopt.literals import module_version
from rnd.adopt.pyproject import FROM_TAGS
from rnd.adopt.toml_text import lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rnd.adopt.facts import Declared
    from rnd.adopt.tree import Tree

# Where a tool that derives the version from tags is asked to write it.
WRITTEN = (
    "tool.setuptools_scm.version_file",
    "tool.setuptools_scm.write_to",
    "tool.hatch.build.hooks.vcs.version-file",
    "tool.pdm.version.write_to",
)
QUOTED = re.compile(r"""(?m)^\s*(?:__version__|VERSION|version)\s*(?::\s*\w+)?\s*=\s*['"]([^'"]+)['"]""")


def find_version(declared: Declared, document: dict[str, Any], tree: Tree, tag: str | None) -> None:
    """Replace a dynamic version by what the build would read; add an open point if only the build knows it.

    Args:
        declared: What the manifests declare; its version and points change.
        document: The data of pyproject.toml.
        tree: The files.
        tag: The newest release tag.
    """
    present = declared.fields.get("version")
    if present is not None and isinstance(present.value, str):
        _repeated(declared, tree, present)
        return
    declared.fields.pop("version", None)
    if any(name in one for one in declared.requires for name in FROM_TAGS) or _from_tags(document):
        _version_of_tag(declared, document, tag)
        return
    for path in _candidates(declared, document, present, tree):
        found = module_version(tree, path) or _text_version(tree, path)
        if found is not None:
            declared.fields["version"] = found
            _repeated(declared, tree, found)
            return
    if not any(point.code == "computed-version" for point in declared.points):
        declared.points.append(OpenPoint("version-unknown", "No file has the version as a literal.", blocks=True))


def _from_tags(document: dict[str, Any]) -> bool:
    tool = document.get("tool", {})
    sources = (
        tool.get("hatch", {}).get("version", {}).get("source"),
        tool.get("pdm", {}).get("version", {}).get("source"),
    )
    return bool({"vcs", "scm"} & set(sources)) or "poetry-dynamic-versioning" in tool


def _version_of_tag(declared: Declared, document: dict[str, Any], tag: str | None) -> None:
    if tag is None:
        message = "The version comes from tags, and there is no release tag; the first release would be unknown."
        declared.points.append(OpenPoint("version-unknown", message, blocks=True))
        return
    declared.fields["version"] = Fact(tag.removeprefix("v"), f"tag {tag}")
    message = "The build derives the version from tags; pyproject.toml has it afterwards, and the pipeline sets it."
    if written := next(filter(None, (lookup(document, key) for key in WRITTEN)), None):
        message += f" A build still writes {written} from tags: let it read `importlib.metadata.version` instead."
    declared.points.append(OpenPoint("version-from-tags", message, f"tag {tag}"))


def _candidates(declared: Declared, document: dict[str, Any], present: Fact | None, tree: Tree) -> Iterable[str]:
    """Yield the files that the manifests name as the source of the version."""
    tool = document.get("tool", {})
    dynamic = tool.get("setuptools", {}).get("dynamic", {}).get("version", {})
    named = dict(dynamic) if isinstance(dynamic, dict) else {}
    if present is not None and isinstance(present.value, dict):
        kind, _, value = str(present.value["from"]).partition(":")
        named = {kind: value.strip()}
    files = named.get("file", [])
    yield from [files] if isinstance(files, str) else files
    if attribute := named.get("attr"):
        module = str(attribute).rpartition(".")[0].replace(".", "/")
        where = declared.where.value if declared.where else ""
        yield from (
            f"{root}{module}{end}"
            for root in (f"{where}/" if where else "", "", "src/")
            for end in ("/__init__.py", ".py")
        )
    for table in (tool.get("hatch", {}).get("version", {}), tool.get("pdm", {}).get("version", {})):
        if path := table.get("path"):
            yield path
    if declared.backend is not None and str(declared.backend.value).startswith("flit"):
        name = tool.get("flit", {}).get("module", {}).get("name") or str(declared.value("name") or "").replace("-", "_")
        yield from (
            path for path in (f"{name}/__init__.py", f"src/{name}/__init__.py", f"{name}.py") if path in tree.files
        )


def _text_version(tree: Tree, path: str) -> Fact | None:
    """Return the version that a file has as its only content, or in its one line with a literal version."""
    text = tree.text(path)
    if text is None:
        return None
    if re.fullmatch(r"\s*v?\d[\w.+!-]*\s*", text):
        return Fact(text.strip().removeprefix("v"), path)
    found = list(QUOTED.finditer(text))
    return Fact(found[0][1], f"{path}:{text.count(chr(10), 0, found[0].start(1)) + 1}") if len(found) == 1 else None


def _repeated(declared: Declared, tree: Tree, version: Fact) -> None:
    """Report modules that repeat the version as a literal: the pipeline sets it in pyproject.toml only."""
    for path in tree.matching(r"(src/)?[^/]+/(__init__|__about__|_version|version|__version__)\.py|[^/]+\.py"):
        if path == "setup.py":
            continue
        found = module_version(tree, path)
        if found is not None and found.value == version.value:
            message = (
                "`__version__` is a literal, and the pipeline sets the version in pyproject.toml only. "
                "Read it with `importlib.metadata.version`."
            )
            declared.points.append(OpenPoint("version-repeated", message, found.source))
