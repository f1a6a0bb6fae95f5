"""The open points of an analysis: what a person has to decide, and what nothing takes over. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.adopt.facts import OpenPoint
from rnd.adopt.interpreter import FILES, names_program
from rnd.adopt.toml_text import lookup
from rnd.adopt.workflows import OTHER_CI

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis
    from rnd.adopt.requirements import RequirementFile
    from rnd.adopt.tree import Tree

LARGE = 500_000  # bytes; the hooks reject larger files
SHOWN = 3
# Tables of tools that nothing reads afterwards, and the reason.
REPLACED = {
    "hatch.envs": "uv and [dependency-groups] replace it",
    "pdm.dev-dependencies": "[dependency-groups] replaces it",
    "pdm.scripts": "`uv run` replaces it",
    "semantic_release": "the pipeline derives the version",
    "commitizen": "the pipeline derives the version",
    "bumpversion": "the pipeline derives the version",
    "bumpver": "the pipeline derives the version",
    "setuptools_scm": "the pipeline sets the version",
    "versioneer": "the pipeline sets the version",
    "poetry-dynamic-versioning": "the pipeline sets the version",
}
RUNNERS = {"tox.ini": "tox", "noxfile.py": "nox"}


def open_points(found: Analysis, tree: Tree) -> list[OpenPoint]:
    """Return all open points; those that block come with the manifests and the package."""
    return [
        *found.declared.points,
        *_required(found),
        *_environment(found),
        *_tools(found),
        *_others(found, tree),
        *_workflows(found, tree),
    ]


def _required(found: Analysis) -> list[OpenPoint]:
    """Return a blocking point for each thing that a release needs and no file declares."""
    declared, points = found.declared, []
    codes = {point.code for point in declared.points}
    if not isinstance(declared.value("name"), str) and "computed-name" not in codes:
        points.append(OpenPoint("name-unknown", "No file declares the name of the package.", blocks=True))
    if found.layout is None:
        points.append(
            OpenPoint("package-unknown", "No folder at the root or in src/ is a Python package.", blocks=True)
        )
    elif len(found.layout.modules) > 1:
        names = ", ".join(found.layout.modules)
        message = f"There are several import names: {names}; choose the main one with --data import_name=NAME."
        points.append(OpenPoint("several-import-names", message, found.layout.source, blocks=True))
    if "requires-python" not in declared.fields:
        message = (
            "No file declares the Python versions of the package; choose the oldest one with --data python_version=X.Y."
        )
        points.append(OpenPoint("python-unknown", message, blocks="computed-python_requires" not in codes))
    return points


def _environment(found: Analysis) -> list[OpenPoint]:
    """Return a point for each requirement file: which group it becomes, and what cannot be taken over."""
    points = found.environment.points() if found.environment else []
    seen = set()
    for file in found.requirements:
        for line in (one for one in file.other if one.source not in seen):
            message = f"`{line.value[:80]}` is not a requirement of a package; install it in another way, or delete it."
            points.append(OpenPoint("requirement-not-taken", message, line.source))
        for line in (one for one in file.indexes if one.source not in seen):
            message = f"The index {line.value} is used; declare it in [[tool.uv.index]] if packages come from it."
            points.append(OpenPoint("index", message, line.source))
        seen |= {line.source for line in (*file.other, *file.indexes)}
        if file.requirements:
            message = f"The file stays; {_use(found, file)}. Delete it once nothing installs from it."
            points.append(OpenPoint("requirements-stay", message, file.path))
    if found.environment is not None and found.declared.groups:
        message = f"The groups {', '.join(found.declared.groups)} stay; the environment has what environment.yml lists."
        points.append(OpenPoint("conda-groups", message, "pyproject.toml [dependency-groups]"))
    return points


def _use(found: Analysis, file: RequirementFile) -> str:
    """Return what a requirement file is used for now."""
    if found.environment is not None:
        return "environment.yml alone is locked"
    if file.compiled:
        return "uv.lock keeps its versions"
    if file.role is not None:
        return f"its lines are in the group `{file.role}`"
    return "its pins limit what uv locks"


def _tools(found: Analysis) -> list[OpenPoint]:
    """Return a point for each table of a tool that nothing reads afterwards."""
    tool = found.document.get("tool", {})
    return [
        OpenPoint(
            "tool-replaced",
            f"The table stays; {other} now. Delete it once nothing reads it.",
            f"pyproject.toml [tool.{name}]",
        )
        for name, other in REPLACED.items()
        if lookup(tool, name) is not None
    ]


def _workflows(found: Analysis, tree: Tree) -> list[OpenPoint]:
    """Return a point for each workflow and each other CI that stays as it is."""
    points = []
    for workflow in found.workflows:
        if workflow.triggers is None:
            message = (
                "Its triggers cannot be read, so it stays as it is; check that it does not run beside the pipeline."
            )
            points.append(OpenPoint("workflow-unreadable", message, workflow.path))
        elif not workflow.purposes:
            points.append(OpenPoint("workflow-stays", "The workflow keeps its triggers.", workflow.path))
    for path in sorted(tree.matching(OTHER_CI)):
        stays = "It is kept, and stays active if its service is."
        message = f"It is kept; the pipeline does not run {RUNNERS[path]}." if path in RUNNERS else stays
        points.append(OpenPoint("other-ci", message, path))
    return points


def _others(found: Analysis, tree: Tree) -> list[OpenPoint]:
    points = []
    if found.branch != "main":
        message = (
            f"The default branch is {found.branch}; rename it to main on GitHub after the merge (Settings → General)."
        )
        points.append(OpenPoint("default-branch", message, "git"))
    large = sorted(path for path, entry in tree.files.items() if entry.size > LARGE and not path.endswith(".lock"))
    if large:
        listed = ", ".join(large[:SHOWN]) + (" …" if len(large) > SHOWN else "")
        points.append(OpenPoint("large-files", f"{len(large)} files are over 500 kB: {listed}.", large[0]))
    for path in FILES:
        if path in tree.files and (tree.text(path) is None or names_program(tree.text(path) or "")):
            message = "It names a program, which uv would run, or a link; write the version of Python instead."
            points.append(OpenPoint("python-program", message, path))
    if next(tree.matching(r"\.venv/.*"), None):  # uv would run its interpreter
        points.append(
            OpenPoint("environment-committed", "The folder .venv is committed; remove it.", ".venv", blocks=True)
        )
    return points
