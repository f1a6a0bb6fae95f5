"""Builds the wheel of a commit, and decides whether that runs code of the repository."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rnd import git, process, uv
from rnd.adopt.wheels import Wheel, read_wheel

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree

# Backends whose builds run nothing of a project that has none of its own hooks.
STATIC = {
    "flit_core.buildapi",
    "poetry.core.masonry.api",
    "hatchling.build",
    "pdm.backend",
    "uv_build",
    "setuptools.build_meta",
}
# Files that a build runs.
SCRIPTS = ("setup.py", "hatch_build.py", "pdm_build.py", "build.py")


def runs_code(tree: Tree, document: dict[str, Any]) -> str | None:
    """Return what of the repository a build would run, or None if it runs nothing.

    setuptools imports a module whose `attr:` version is not a literal, and so does flit; both count.

    Args:
        tree: The files of the commit.
        document: The data of pyproject.toml.
    """
    system, project, tool = (document.get(key, {}) for key in ("build-system", "project", "tool"))
    backend = system.get("build-backend", "setuptools.build_meta:__legacy__")
    for name in SCRIPTS:
        if name in tree.files:
            return name
    if backend not in STATIC or "backend-path" in system:
        return f"the build backend {backend}"
    version = tool.get("hatch", {}).get("version", {})
    if "version" in project.get("dynamic", []) and ("path" not in version or version.get("source", "regex") != "regex"):
        return "the build computes the version"
    if any(
        "hooks" in one for one in (tool.get("hatch", {}).get("build", {}), tool.get("hatch", {}).get("metadata", {}))
    ):
        return "hooks of hatchling"
    if re.search(r"(?m)^\s*version\s*=\s*attr:", tree.text("setup.cfg") or ""):
        return "setup.cfg reads the version from a module"
    return None


def build_wheel(folder: Path, commit: str) -> Wheel:
    """Build the wheel of a commit in a clone of its own, without secrets in the environment.

    Args:
        folder: A repository that has the commit.
        commit: The commit.

    Raises:
        CommandFailed: The build failed.
        PackagesUnavailable: The build backend could not be downloaded.
    """
    with TemporaryDirectory(prefix="rnd-adopt-") as temporary:
        clone, out = Path(temporary) / "clone", Path(temporary) / "out"
        git.run(folder, *git.INERT, "clone", "--quiet", "--local", "--no-checkout", ".", str(clone))
        git.run(clone, "checkout", "--quiet", "--detach", commit)
        arguments = ("build", "--wheel", "--no-create-gitignore", "--out-dir", str(out))
        uv.run(clone, *arguments, extra={**process.without_secrets(), "SOURCE_DATE_EPOCH": "315532800"})
        return read_wheel(next(out.glob("*.whl")).read_bytes())
