"""The linters of workflows, for tests: zizmor, the schemas of GitHub, actionlint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.helpers.machine import ROOT


def tool(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this project's environment."""
    program = Path(sys.executable).with_name(name)
    return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def audit(folder: Path, *places: str) -> subprocess.CompletedProcess[str]:
    """Let zizmor look as closely as it can, with the configuration of the folder."""
    return tool("zizmor", "--offline", "--no-progress", "--persona", "auditor", *places, cwd=folder)


def validate(schema: str, files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Hold workflows or actions to GitHub's schema of them."""
    return tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files), cwd=ROOT)


def workflow_files(root: Path) -> list[Path]:
    """Return the workflows of a repository."""
    return sorted((root / ".github" / "workflows").glob("*.yml"))


def lint(root: Path, files: list[Path]) -> str:
    """Return what actionlint finds in workflows, with the configuration that a repository carries."""
    config = root / ".github" / "actionlint.yaml"
    return tool("actionlint", "-no-color", "-config-file", str(config), *map(str, files), cwd=root).stdout
