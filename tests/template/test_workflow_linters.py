"""What the linters of workflows find: in rendered ones, in the central actions, in this project's own. Nothing."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from rnd.organisation import load_organisation
from tests.helpers.linters import audit, lint, validate, workflow_files
from tests.helpers.machine import ACME, ROOT
from tests.helpers.organisations import without_aws
from tests.helpers.template import TemplateRepository, render

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["shipped", "acme"])
def repository(request: pytest.FixtureRequest, template: TemplateRepository, tmp_path: Path) -> Path:
    """A repository of each organisation, with features: uv and the oldest Python, conda and the default."""
    if request.param == "acme":
        shutil.copy(ACME, template.folder / "org.yml")
        template.release("2.0.0")
    python = load_organisation(template.folder / "org.yml").python
    version = python.default if request.param == "acme" else python.versions[0]
    answers = {"python_version": version, "dependency_tool": {"shipped": "uv", "acme": "conda"}[request.param]}
    return render(
        template, tmp_path / "made", project_name="arm_control", features=["docs", "gpu", "service"], **answers
    )


def test_zizmor_finds_nothing_in_a_repository(repository: Path) -> None:
    ended = audit(repository, ".")
    assert ended.returncode == 0, ended.stdout
    for file in workflow_files(repository):
        assert f"completed ./.github/workflows/{file.name}" in ended.stderr


def test_zizmor_finds_nothing_without_aws_and_no_rule_about_secrets_is_off(
    template: TemplateRepository, tmp_path: Path
) -> None:
    """There, jobs sign in with secrets of GitHub: each workflow names those that it passes on."""
    (template.folder / "org.yml").write_text(without_aws(), encoding="utf-8")
    template.release("2.0.0")
    made = render(template, tmp_path / "made", project_name="arm_control", dependency_tool="conda")
    ended = audit(made, ".")
    assert ended.returncode == 0, ended.stdout
    assert lint(made, workflow_files(made)) == ""
    files = (made / ".github" / "zizmor.yml", ROOT / ".github" / "zizmor.yml")
    rules = [rule for file in files for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]]
    texts = [path.read_text(encoding="utf-8") for path in (*workflow_files(made), *workflow_files(ROOT))]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "actions").glob("*/action.yml")]
    rules += [rule for text in texts for rule in re.findall(r"zizmor: ignore\[([^]]*)]", text)]
    assert rules
    assert not [rule for rule in rules if "secret" in rule or "credential" in rule]


def test_zizmor_finds_nothing_here() -> None:
    ended = audit(ROOT, "actions", ".github")
    assert ended.returncode == 0, ended.stdout


def test_zizmor_would_find_something(repository: Path) -> None:
    """A team's own workflow is looked at too, and what is excused in ours is not excused there."""
    text = (repository / ".github" / "workflows" / "push_python_package.yml").read_text(encoding="utf-8")
    injected = text.replace("- uses: ", "- run: echo ${{ github.head_ref }}\n      - uses: ", 1)
    (repository / ".github" / "workflows" / "mine.yml").write_text(injected, encoding="utf-8")
    ended = audit(repository, ".")
    assert ended.returncode != 0
    assert "unpinned-images" in ended.stdout


def test_the_schemas_of_github_hold(repository: Path) -> None:
    ended = validate("github-workflows", workflow_files(repository) + workflow_files(ROOT))
    assert ended.returncode == 0, ended.stdout
    ended = validate("github-actions", sorted((ROOT / "actions").glob("*/action.yml")))
    assert ended.returncode == 0, ended.stdout


def test_actionlint_finds_nothing(repository: Path) -> None:
    assert lint(repository, workflow_files(repository) + workflow_files(ROOT)) == ""


def test_actionlint_would_find_something(repository: Path) -> None:
    broken = workflow_files(repository)[0]
    broken.write_text(broken.read_text(encoding="utf-8").replace("inputs.version }}", "inputs.verison }}", 1))
    (fault,) = [line for line in lint(repository, [broken]).splitlines() if line.startswith(".github")]
    assert "verison" in fault
