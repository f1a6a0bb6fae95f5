"""The pyproject.toml after the adoption: the repository's own tables, and those of the template that it lacks. Pure."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from rnd.adopt.facts import OpenPoint
from rnd.adopt.poetry import BACKEND as POETRY
from rnd.adopt.readme import with_readme
from rnd.adopt.toml_text import Block, key_text, lookup, split, value_text, write_table
from rnd.errors import ManifestInvalid

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis

# The order of the keys of a written [project].
KEYS = (
    "name", "version", "description", "readme", "requires-python", "license", "authors", "maintainers", "keywords",
    "classifiers", "urls", "dependencies",
)  # fmt: skip
TABLES = ("scripts", "gui-scripts", "optional-dependencies")
SETUPTOOLS = ("setuptools>=61", "setuptools.build_meta")  # the first that reads [project]
GATE = {"pre-commit", "pre-commit-hooks", "conventional-pre-commit", "ruff"}  # what the hooks call
OURS = ("tool.uv.build-backend", "build-system", "project", "dependency-groups")  # never appended as they are


def merge(
    found: Analysis, theirs: str, ours: str, python: str, skipped: tuple[str, ...] = ()
) -> tuple[str, list[OpenPoint]]:
    """Return the new text, and the tables of the template that the repository's own replace.

    Args:
        found: The analysis, without blocking points.
        theirs: The text of the present pyproject.toml; empty if there is none.
        ours: The rendered one.
        python: The oldest Python version that the development tools are locked for.
        skipped: Tables of the template to leave out, because a file of the repository configures the same tool.

    Raises:
        ManifestInvalid: The result is not what it has to be.
    """
    document = tomllib.loads(theirs)
    points: list[OpenPoint] = []
    tools = tomllib.loads(ours).get("dependency-groups", {}).get("dev", [])
    points += _replaced(found, tools)
    blocks = _own(found, theirs, document, tools)
    names = {block.name for block in blocks}
    for block in split(ours):
        if not block.name or block.name in OURS or block.name.startswith(("project.", *skipped)):
            continue
        if block.name in names or lookup(document, block.name) is not None:
            if not block.name.startswith("tool.uv"):
                message = f"[{block.name}] of the template is left out, because the repository has its own."
                points.append(OpenPoint("own-table", message, "pyproject.toml"))
            continue
        blocks.append(block)
    if found.environment is None and _reaches_below(str(found.declared.value("requires-python") or ""), python):
        table = {"dev": {"requires-python": f">={python}"}}
        blocks.append(Block("tool.uv.dependency-groups", write_table("tool.uv.dependency-groups", table)))
        blocks = [_for_pythons(one, python) if one.name == "tool.uv" else one for one in blocks]
    text = "\n".join(block.text.strip("\n") + "\n" for block in _with_constraints(found, blocks) if block.text.strip())
    _check(found, text)
    return text, points


def _for_pythons(block: Block, python: str) -> Block:
    """Return [tool.uv] with a lock for the Python versions that the pipeline uses, not for all of the package.

    https://docs.astral.sh/uv/reference/settings/#environments
    """
    if lookup(tomllib.loads(block.text), "tool.uv.environments") is not None:
        return block
    line = f"environments = [\"python_version >= '{python}'\"] # what is locked; the package supports older ones\n"
    return Block(block.name, re.sub(r"(?m)^\[tool\.uv\][^\n]*\n", lambda found: found[0] + line, block.text, count=1))


def _reaches_below(requires: str, python: str) -> bool:
    """Return whether a package supports a Python version before the one of the development tools."""
    major, minor = map(int, python.split(".")[:2])
    older = [f"{major}.{one}" for one in range(minor)] + ["2.7"]
    return any(SpecifierSet(requires).contains(f"{one}.99") for one in older)


def _own(found: Analysis, theirs: str, document: dict[str, Any], tools: list[str]) -> list[Block]:
    """Return the tables that describe the package, and all others of the repository."""
    declared = found.declared
    present = split(theirs)
    if "project" in document:
        blocks = [
            Block(
                one.name,
                _completed(found, one.text) if one.name == "project" else one.text,
            )
            for one in present
        ]
        # Their groups are in [dependency-groups].
        moved = ("tool.poetry.group.", "tool.poetry.dev-dependencies")
        blocks = [one for one in blocks if not one.name.startswith(moved)]
        if "build-system" not in document:
            blocks.append(Block("build-system", _build_system(*SETUPTOOLS)))
        blocks = _with_tables(blocks, found.declared.build)
    else:
        kept = [one for one in present if not one.name.startswith("tool.poetry") and one.name != "build-system"]
        kept = [one for one in kept if not one.name.startswith("dependency-groups")]
        system = POETRY if "poetry" in document.get("tool", {}) else SETUPTOOLS
        requires = [one for one in declared.requires if not re.match(r"(setuptools|wheel|poetry)\b", one)]
        blocks = [*_written(found), Block("build-system", _build_system(*system, *requires)), *_build_tables(found)]
        return [*blocks, *_development(found, tools), *kept]
    if found.environment is not None:
        return blocks  # environment.yml lists the development tools
    groups = [one for one in blocks if one.name == "dependency-groups"]
    if groups and all(isinstance(one, list) for one in document["dependency-groups"].values()):
        return [_groups(found, tools) if one is groups[0] else one for one in blocks]
    return [*blocks, _groups(found, tools)]


def _development(found: Analysis, tools: list[str]) -> list[Block]:
    """Return the dependency groups; of a conda environment, only those that the manifests declare."""
    if found.environment is None:
        return [_groups(found, tools)]
    groups = {name: fact.value for name, fact in found.declared.groups.items()}
    return [Block("dependency-groups", write_table("dependency-groups", groups))] if groups else []


def _completed(found: Analysis, text: str) -> str:
    """Return [project] with what the pipeline needs: a literal version, and a readme."""
    readme = found.declared.value("readme")
    text = _static_version(text, str(found.declared.value("version")))
    return with_readme(text, value_text(readme)) if readme else text


def _static_version(text: str, version: str) -> str:
    """Return [project] with a literal version, changing as few characters as possible."""
    table = tomllib.loads(text)["project"]
    if table.get("version") == version:
        return text
    dynamic = [key for key in table.get("dynamic", []) if key != "version"]
    replaced = f"dynamic = {value_text(dynamic)}\n" if dynamic else ""
    text = re.sub(r"(?ms)^dynamic\s*=\s*\[.*?\][ \t]*(?:#[^\n]*)?\n?", lambda _: replaced, text, count=1)
    return re.sub(r"(?m)^(name\s*=.*\n)", lambda found: f'{found[1]}version = "{version}"\n', text, count=1)


def _written(found: Analysis) -> list[Block]:
    """Return [project] and its tables, from what the manifests declare."""
    fields = {key: fact.value for key, fact in found.declared.fields.items() if fact.value not in (None, "", [], {})}
    fields.setdefault("dependencies", [])
    blocks = [Block("project", write_table("project", {key: fields[key] for key in KEYS if key in fields}))]
    blocks += [Block(f"project.{key}", write_table(f"project.{key}", fields[key])) for key in TABLES if key in fields]
    for group, table in fields.get("entry-points", {}).items():
        blocks.append(Block("project.entry-points", write_table(f'project.entry-points."{group}"', table)))
    return blocks


def _build_system(requirement: str, backend: str, *more: str) -> str:
    return write_table("build-system", {"requires": [requirement, *more], "build-backend": backend})


def _build_tables(found: Analysis) -> list[Block]:
    """Return the tables that select the content of the wheel."""
    return [
        Block(f"tool.{name}", write_table(f"tool.{name}", table))
        for name, table in found.declared.build.items()
        if table
    ]


def _replaced(found: Analysis, tools: list[str]) -> list[OpenPoint]:
    """Return a point for each development requirement that one of the template replaces."""
    if found.environment is not None:
        return []
    ours = {_name(line): line for line in tools}
    listed = [(str(line), fact.source) for fact in found.declared.groups.values() for line in fact.value]
    listed += [(line, file.path) for file in found.requirements if file.role for line in file.requirements]
    return [
        OpenPoint("tool-replaced", f"`{line}` is replaced by `{ours[_name(line)]}`, which the hooks need.", source)
        for line, source in dict(listed).items()
        if _name(line) in GATE and _name(line) in ours and line != ours[_name(line)]
    ]


def _with_tables(blocks: list[Block], build: dict[str, dict[str, Any]]) -> list[Block]:
    """Return the tables of the repository, with keys that select the content of the wheel added or replaced."""
    tables = {f"tool.{name}": table for name, table in build.items() if table}
    result = [Block(one.name, _with_keys(one, tables.pop(one.name))) if one.name in tables else one for one in blocks]
    return [*result, *(Block(name, write_table(name, table)) for name, table in tables.items())]


def _with_keys(block: Block, table: dict[str, Any]) -> str:
    """Return the text of a table with other values; keys that have the same value stay as they are written."""
    present = lookup(tomllib.loads(block.text), block.name)
    text = block.text.rstrip()
    for key, value in table.items():
        line = f"{key_text(key)} = {value_text(value)}"
        if key not in present:
            text += f"\n{line}"
        elif present[key] != value:
            form = rf"(?ms)^{re.escape(key)}\s*=\s*\[.*?\][ \t]*(?:#[^\n]*)?$"
            text = re.sub(form, lambda _, line=line: line, text, count=1)
    return f"{text}\n\n"


def _groups(found: Analysis, tools: list[str]) -> Block:
    """Return the dependency groups; `dev` gets the tools of the template that it has no requirement of its own for."""
    groups: dict[str, list[Any]] = {name: list(fact.value) for name, fact in found.declared.groups.items()}
    declared = found.declared.value
    own = {*map(_name, declared("dependencies") or []), canonicalize_name(str(declared("name")))}
    for file in found.requirements:
        if file.role is not None and not file.compiled:
            group = groups.setdefault(file.role, [])
            known = own | set(map(_name, group))
            group += [line for line in file.requirements if _name(line) not in known]
    # The hooks need these in the versions of the template.
    groups = {name: [line for line in group if _name(line) not in GATE] for name, group in groups.items()}
    development = groups.pop("dev", [])
    known = {_name(line) for group in (development, *groups.values()) for line in group}
    groups = {"dev": [*development, *(line for line in tools if _name(line) not in known)], **groups}
    others = [name for name in groups if name != "dev" and not _includes(groups["dev"], name)]
    groups["dev"] += [{"include-group": name} for name in others]
    return Block("dependency-groups", write_table("dependency-groups", groups))


def _includes(group: list[Any], name: str) -> bool:
    return any(isinstance(one, dict) and one.get("include-group") == name for one in group)


def _name(line: Any) -> str:  # noqa: ANN401 - a requirement, or a table that includes a group
    try:
        return canonicalize_name(Requirement(str(line)).name)
    except InvalidRequirement:
        return str(line)


def _with_constraints(found: Analysis, blocks: list[Block]) -> list[Block]:
    """Let the exact versions of requirement files limit what uv locks, so that nothing is upgraded."""
    files = (file for file in found.requirements if not file.compiled)
    own = canonicalize_name(str(found.declared.value("name")))
    pins = sorted({pin for file in files for pin in file.pins if _name(pin) not in {*GATE, own}})
    if not pins or found.environment is not None:
        return blocks
    return [
        Block(one.name, with_constraints(one.text, pins, "the versions of the requirement files"))
        if one.name == "tool.uv"
        else one
        for one in blocks
    ]


def with_constraints(text: str, pins: list[str], comment: str) -> str:
    """Return a manifest, or its table [tool.uv], with more constraints on what uv locks.

    https://docs.astral.sh/uv/reference/settings/#constraint-dependencies
    """
    present = lookup(tomllib.loads(text), "tool.uv.constraint-dependencies")
    if present is None:
        line = f"constraint-dependencies = {value_text(pins)} # {comment}\n"
        return re.sub(r"(?m)^\[tool\.uv\][^\n]*\n", lambda found: found[0] + line, text, count=1)
    more = "".join(f"  {value_text(pin)},\n" for pin in pins if pin not in present)
    return re.sub(r"(?m)^constraint-dependencies\s*=\s*\[", lambda found: f"{found[0]}\n{more}", text, count=1)


def _check(found: Analysis, text: str) -> None:
    """Parse the result: the package must be declared as before, and nothing twice.

    Raises:
        ManifestInvalid: It is not.
    """
    try:
        document = tomllib.loads(text)
        project = document["project"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ManifestInvalid(f"The two pyproject.toml cannot be merged: {error}.") from error
    for key, fact in found.declared.fields.items():
        if key != "dynamic" and fact.value not in (None, "", [], {}) and project.get(key) != fact.value:
            raise ManifestInvalid(f"The merged pyproject.toml has another {key} than {fact.source}.")
    for name, table in found.declared.build.items():
        written = lookup(document, f"tool.{name}") or {}
        if any(written.get(key) != value for key, value in table.items() if not isinstance(value, dict)):
            raise ManifestInvalid(f"[tool.{name}] cannot be completed: write it as a table of its own, then re-run.")
