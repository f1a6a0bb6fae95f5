"""The answers to the template's questions that a repository's own files give. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from rnd.adopt.facts import Fact, OpenPoint
from rnd.adopt.strategies import build_files
from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.tree import Tree

QUESTIONS = ("project_name", "author", "python_version", "import_name", "dependency_tool")
# Paths of the template that a repository keeps its own of, if it has them.
OWN = {
    "README.md": r"README(\.\w+)?",
    "LICENSE": r"(?i:licen[cs]e|copying)[\w.-]*",
    "docker": r"docker/.*",
}


def settle(found: Analysis, data: Mapping[str, str]) -> None:
    """Apply what the user answered to the open points that ask for it.

    Args:
        found: The analysis; its layout and points change.
        data: The answers by name.

    Raises:
        UsageError: An answer belongs to no question, or to no import name of the repository.
    """
    if unknown := set(data) - set(QUESTIONS):
        raise UsageError(f"Unknown answer: {', '.join(sorted(unknown))}.", f"The answers are: {', '.join(QUESTIONS)}.")
    settled = set()
    if "import_name" in data and found.layout is not None:
        if data["import_name"] not in found.layout.modules:
            raise UsageError(
                f"{data['import_name']} is not an import name of the package.",
                f"Choose one of: {', '.join(found.layout.modules)}.",
            )
        others = [name for name in found.layout.modules if name != data["import_name"]]
        found.layout = type(found.layout)((data["import_name"], *others), found.layout.where, "--data")
        settled.add("several-import-names")
    if "python_version" in data:
        found.declared.fields.setdefault("requires-python", Fact(f">={data['python_version']}", "--data"))
        settled |= {"python-unknown", "computed-python_requires"}
    if "dependency_tool" in data:
        _choose_tool(found, data["dependency_tool"])
    found.points = [point for point in found.points if point.code not in settled]


def _choose_tool(found: Analysis, tool: str) -> None:
    """Use uv although there is a conda environment, which then stays as it is.

    Raises:
        UsageError: The tool is not known, or it is conda and no environment says what to install.
    """
    if tool not in {"uv", "conda"}:
        raise UsageError(f"{tool} is not a dependency tool.", "Choose one of: uv, conda.")
    environment = found.environment
    if tool == "conda" and environment is None:
        raise UsageError("The repository has no environment.yml at its root.", "Add one and commit it, or use uv.")
    if tool == "uv" and environment is not None:
        found.points = [point for point in found.points if not point.code.startswith("conda-")]
        message = "The file stays; packages that only conda has are not installed any more."
        found.points.append(OpenPoint("environment-stays", message, environment.path))
        found.environment = None


def derive_answers(
    found: Analysis, tree: Tree, data: Mapping[str, str], pythons: Sequence[str], repository: str
) -> dict[str, Any]:
    """Return the answers with which the template is rendered; the arguments are those of `answer_facts`."""
    layout, declared = found.layout, found.declared
    assert layout is not None  # noqa: S101 - a missing layout is a blocking point
    facts = answer_facts(found, data, pythons, repository)
    return {
        **{key: facts[key].value for key in ("project_name", "author", "dependency_tool", "python_version")},
        "create_github_repository": False,  # it exists
        "other_names": {
            **{key: facts[key].value for key in ("package", "repository", "import_name", "module_root")},
            "keep": [path for path, form in OWN.items() if next(tree.matching(form), None)],
            "build_files": build_files(layout.where, layout.modules, tree.files, declared.value("readme")),
        },
    }


def answer_facts(found: Analysis, data: Mapping[str, str], pythons: Sequence[str], repository: str) -> dict[str, Fact]:
    """Return the answers to the template's questions and the names, each with its source.

    Args:
        found: The analysis, without blocking points.
        data: The answers of the user.
        pythons: The Python versions of org.yml.
        repository: The name of the repository on GitHub, or of its folder.

    Raises:
        UsageError: The organisation has no Python version that the package supports.
    """
    layout, fields = found.layout, found.declared.fields
    assert layout is not None  # noqa: S101 - a missing layout is a blocking point
    import_name = layout.modules[0]
    authors = fields.get("authors")
    return {
        "project_name": _given(data, "project_name")
        or Fact(project_name(import_name, repository), f"{layout.source.partition(',')[0]}, its import name"),
        "author": _given(data, "author")
        or (Fact(author(authors.value), authors.source) if authors else Fact("", "default, no file names one")),
        "dependency_tool": found.facts()["dependency-tool"],
        "python_version": _given(data, "python_version") or _python_version(found, pythons),
        "package": Fact(canonicalize_name(fields["name"].value), fields["name"].source),
        "repository": Fact(repository, "git, the name of the remote or of the folder"),
        "import_name": Fact(import_name, layout.source),
        "module_root": Fact(layout.where, layout.source),
    }


def _given(data: Mapping[str, str], key: str) -> Fact | None:
    return Fact(data[key], "--data") if data.get(key) else None


def _python_version(found: Analysis, pythons: Sequence[str]) -> Fact:
    """Return the version that the repository works with, or else the oldest that the package supports."""
    backend = str(found.declared.backend.value) if found.declared.backend else ""
    # poetry-core 2, the first that reads [project], needs Python 3.9.
    able = [one for one in pythons if not backend.startswith("poetry") or tuple(map(int, one.split("."))) >= (3, 9)]
    requires = found.declared.fields.get("requires-python")
    limits = [one for one in (requires, found.python) if one is not None]
    try:
        chosen = oldest_python(",".join(one.value for one in limits), able)
    except UsageError:
        if found.python is None or found.environment is not None:
            raise
        limits = [requires] if requires else []  # a developer's choice that org.yml does not have
        chosen = oldest_python(requires.value if requires else None, able)
    places = " and ".join(one.source for one in limits) or "default"
    return Fact(chosen, f"{places}, the oldest of them in org.yml")


def python_points(found: Analysis, pythons: Sequence[str]) -> list[OpenPoint]:
    """Return a point for Python versions that a file names and org.yml does not have: nothing tests them.

    Args:
        found: The analysis.
        pythons: The Python versions of org.yml.
    """
    points = []
    requires = found.declared.fields.get("requires-python")
    oldest = min((tuple(map(int, one.split("."))) for one in pythons), default=(3, 0))
    older = ["2.7", *(f"3.{minor}" for minor in range(oldest[1]))]
    with suppress(InvalidSpecifier):
        if requires and any(SpecifierSet(requires.value).contains(f"{one}.99") for one in older):
            message = f"Python versions before {'.'.join(map(str, oldest))} are declared, and the pipeline tests none."
            points.append(OpenPoint("python-untested", message, requires.source))
        used = found.python
        if used and not any(SpecifierSet(used.value).contains(f"{one}.99") for one in pythons):
            message = f"org.yml has no Python {used.value}; the pipeline works with one that it has."
            points.append(OpenPoint("python-untested", message, used.source))
    return points


def project_name(import_name: str, repository: str) -> str:
    """Return a project name that the template accepts, from the import name, else the repository's."""
    plain = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", import_name.lower())).strip("_")
    fallback = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", repository.lower())).strip("_")
    return plain or fallback


def author(people: Sequence[Mapping[str, str]]) -> str:
    """Return the first author as `Name <e-mail>`; empty if there is none, which git then fills in."""
    for one in people:
        name, email = (re.sub(r"[<>\x00-\x1f]", "", one.get(key, "")).strip() for key in ("name", "email"))
        if name:
            return f"{name} <{email}>" if re.fullmatch(r"[^\s@]+@[^\s@]+", email) else name
    return ""


def oldest_python(requires: str | None, pythons: Sequence[str]) -> str:
    """Return the oldest Python version of org.yml that the package declares to support.

    Args:
        requires: The `requires-python` of the package.
        pythons: The versions of org.yml, such as `3.11`.

    Raises:
        UsageError: The organisation has none of them.
    """
    try:
        allowed = SpecifierSet(requires or "")
    except InvalidSpecifier as error:
        raise UsageError(f"requires-python is {requires!r}, which is not valid.") from error
    fitting = [one for one in pythons if allowed.contains(f"{one}.99")]
    if not fitting:
        raise UsageError(f"The package needs Python {requires}; org.yml has {', '.join(pythons)}.")
    return min(fitting, key=lambda one: tuple(map(int, one.split("."))))
