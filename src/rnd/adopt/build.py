"""Builds the wheel of a commit, and decides whether that runs code of the repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rnd import git, process, uv
from rnd.adopt import place
from rnd.adopt.interpreter import remove_unsafe
from rnd.adopt.wheels import Wheel, read_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.adopt.tree import Tree

# Backends whose builds run nothing of a project that has none of its own hooks.
STATIC = {
    "flit_core.buildapi", "poetry.core.masonry.api", "hatchling.build", "pdm.backend", "uv_build",
    "setuptools.build_meta",
}  # fmt: skip
# Files that a backend runs, by the first part of its name.
SCRIPTS = {"setuptools": "setup.py", "hatchling": "hatch_build.py", "pdm": "pdm_build.py"}
# Packages that a build may install first; any other one is code that the repository chose.
REQUIRED = {
    "setuptools", "wheel", "setuptools-scm", "hatchling", "hatch-vcs", "flit-core", "poetry-core", "pdm-backend",
    "uv-build",
}  # fmt: skip
# Keys that name code, anywhere in the table of a backend: hooks, commands, scripts.
HOOKS = {"hatch": {"hooks"}, "pdm": {"custom-hook", "run-setuptools"}, "setuptools": {"cmdclass"}, "poetry": {"build"}}
COMMANDS = re.compile(r"(?mi)^\s*(?:cmdclass|command[-_]packages|setup[-_]hooks)\b|\battr:")  # in setup.cfg
INDEXES = ("index-url", "extra-index-url", "find-links", "extra-build-dependencies", "no-build-isolation", "pip")


def runs_code(tree: Tree, document: dict[str, Any]) -> str | None:
    """Return what of the repository a build would run, or None if it runs nothing.

    A backend from an index that the repository names counts, and so does a module that a backend imports if parsing
    does not give its version or docstring.

    Args:
        tree: The files of the commit.
        document: The data of pyproject.toml.
    """
    system, project, tool = (document.get(key, {}) for key in ("build-system", "project", "tool"))
    backend = str(system.get("build-backend", "setuptools.build_meta:__legacy__"))
    kind = backend.partition(".")[0].partition("_")[0]
    script = SCRIPTS.get(kind)
    if script in tree.files:
        return script
    if backend not in STATIC or "backend-path" in system:
        return f"the build backend {backend}"
    if foreign := [one for one in system.get("requires", []) if _name(one) not in REQUIRED]:
        return f"the build requirement {foreign[0]}"
    for name, keys in HOOKS.items():
        if found := _contained(tool.get(name, {}), keys):
            return f"[tool.{name}] {found}"
    if COMMANDS.search(tree.text("setup.cfg") or ""):
        return "what setup.cfg names"
    return _computed(kind, project, tool) or _other_index(tree, tool.get("uv", {}))


def _computed(kind: str, project: dict[str, Any], tool: dict[str, Any]) -> str | None:
    """Return whether a backend could import a module for a dynamic field."""
    dynamic = set(project.get("dynamic", []))
    version = tool.get("hatch", {}).get("version", {})
    if kind == "hatchling" and "path" in version and version.get("source", "regex") == "regex":
        dynamic.discard("version")
    computed = dynamic & ({"version", "description"} if kind == "flit" else {"version"})
    return f"what computes the {min(computed)}" if computed else None


def _other_index(tree: Tree, table: dict[str, Any]) -> str | None:
    """Return the setting by which the repository chooses where build requirements come from."""
    if "uv.toml" in tree.files:
        return "packages from the indexes of uv.toml"
    if found := next((key for key in INDEXES if key in table), None):
        return f"packages from [tool.uv] {found}"
    return None if all(one.get("explicit") for one in table.get("index", [])) else "packages from [[tool.uv.index]]"


def _contained(value: Any, keys: set[str]) -> str | None:  # noqa: ANN401 - any value of TOML
    """Return the first of some keys in nested tables, or None."""
    if not isinstance(value, dict):
        return None
    found = next(
        (key for key in value if key in keys and value[key] and (key != "build" or not _is_table(value[key]))), None
    )
    return found or next(filter(None, (_contained(one, keys) for one in value.values())), None)


def _is_table(value: Any) -> bool:  # noqa: ANN401 - any value of TOML
    return isinstance(value, dict) and "script" not in value


def _name(requirement: str) -> str:
    """Return the normalised name of a requirement; one with an address is not a name."""
    bare = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;]|$)", requirement)
    return re.sub(r"[-_.]+", "-", bare[1]).lower() if bare else ""


def build_wheel(folder: Path, commit: str) -> Wheel:
    """Build the wheel of a commit, and return what it installs; arguments and errors as `build_archive`."""
    return read_wheel(build_archive(folder, commit))


def build_archive(folder: Path, commit: str) -> bytes:
    """Build the wheel of a commit in a clone of its own, without secrets in the environment.

    Args:
        folder: A repository that has the commit.
        commit: The commit.

    Raises:
        CommandFailed: The build failed.
        PackagesUnavailable: The build backend could not be downloaded.
    """
    with place.temporary() as temporary:
        clone, out = temporary / "clone", temporary / "out"
        place.clone(folder, clone)
        git.run(clone, "checkout", "--quiet", "--detach", commit)
        remove_unsafe(clone)
        arguments = ("build", "--wheel", "--no-sources", "--no-create-gitignore", "--out-dir", str(out))
        uv.run(clone, *arguments, extra={**process.without_secrets(), "SOURCE_DATE_EPOCH": "315532800"})
        return next(out.glob("*.whl")).read_bytes()
