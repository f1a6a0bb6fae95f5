"""Each command that a page shows is run: here, by another test, or there is a reason in docs/tests.md.

The commands that need only a repository, a template and GitHub are run here as the pages show them, in one repository
that is made once. Words such as `OWNER`, folders and versions are replaced by those that are there.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.organisation import load_organisation
from tests.helpers.git import git
from tests.helpers.kept import Kept
from tests.helpers.machine import ROOT, isolate
from tests.helpers.pages import BLOCK, all_commands, without_comment
from tests.helpers.template import copy_template

if TYPE_CHECKING:
    from tests.helpers.github import Hosting

PLAN = " --plan"
# Commands that are run here in a repository, in this order, each with its exit code.
IN_A_REPOSITORY = {
    "rnd setup": 0,
    "rnd setup ../my_project": 0,
    "rnd setup speech_alignment --plan": 0,
    "rnd setup speech_alignment": 0,
    "rnd github check": 3,
    "rnd github apply --plan": 0,
    "rnd github apply": 0,
    "rnd version next": 0,
    "rnd version explain": 0,
    "rnd version check": 0,
    "rnd version check-title TITLE --base main": 0,
    "rnd version set": 0,
    "rnd version set --dev": 0,
    "rnd add --list": 0,
    "rnd doctor": 0,
    "uv python find --system 3.11": 0,
    "git -C FOLDER remote remove origin": 0,
    "git reset --hard": 0,
    "rnd add gpu": 0,
    "git add --all": 0,
    'git commit -m "chore: update the template to 0.2.0"': 0,
    "rnd add gpu --remove": 0,
}
# Commands of docs/how-to/answer-questions-in-advance.md whose plan is made here; other tests apply such plans.
PLANNED = (
    "rnd new ../my_project --data project_name=my_project --data create_github_repository=false --defaults --plan",
    "rnd new ../speech_alignment --data-file answers.yml --defaults",
)
# Commands that other tests run, and their files; several of them have the options.
ELSEWHERE: dict[str, str | tuple[str, ...]] = {
    "make new NAME=my_project": "tests/test_makefile.py",
    "rnd new ../my_project --data project_name=my_project": "tests/project/test_hosting_commands.py",
    "rnd new ../my_project --data project_name=my_project --defaults": "tests/project/test_hosting_commands.py",
    "rnd new ../my_project -d project_name=my_project -d python_version=3.12 --defaults": (
        "tests/template/test_generated.py",
        "tests/helpers/template.py",
    ),
    "rnd new --data project_name=a_project --defaults": "tests/project/test_hosting_commands.py",
    "rnd new speech_alignment": "tests/project/test_new.py",
    "rnd new FOLDER --data dependency_tool=conda": "packages/rnd-rehearsal/tests/rehearsal_tests/test_channel.py",
    "uv tool install copier": "conftest.py",
    "copier copy --trust --vcs-ref HEAD git@github.com:OWNER/rnd-template.git FOLDER": (
        "tests/template/test_stock_copier.py"
    ),
    "copier copy --trust --vcs-ref HEAD --data project_name=my_project --defaults "
    "git@github.com:OWNER/rnd-template.git my_project": "tests/template/test_stock_copier.py",
    "copier copy --trust --vcs-ref HEAD --data dependency_tool=conda ADDRESS FOLDER": (
        "tests/template/test_stock_copier.py"
    ),
    "rnd -C ../my_project update": ("tests/project/test_update.py", "tests/test_cli.py"),
    "uvx copier update --trust": "tests/project/test_update.py",
    "uvx copier update --trust --defaults --vcs-ref :current: --data 'features=[gpu]'": (
        "tests/project/test_features.py",
        "tests/project/test_hosting_commands.py",
    ),
    "uv sync --all-extras": "tests/environments/test_uv_files.py",
    "uv sync --all-extras --no-extra cpu": "tests/environments/test_extras.py",
    "uv run --no-sync docker/build.py --local --extra cu130": "tests/template/test_image_with_extras.py",
    "uv run --no-sync docker/build.py --local --extra cu130 --base-image IMAGE": (
        "tests/template/test_image_with_extras.py"
    ),
    "rnd doctor --organisation": "tests/doctor/test_organisation.py",
    "rnd adopt ../aligner --plan": "tests/adopt/test_page.py",
    "rnd adopt ../aligner": "tests/adopt/test_branch.py",
    "rnd adopt ../aligner --run-its-code --pull-request": (
        "packages/rnd-rehearsal/src/rnd_rehearsal/adopt_scenario.py"
    ),
    "rnd runners base-image": "tests/runners/test_base_image.py",
    "rnd runners base-image --python 3.11": "tests/runners/test_base_image.py",
    "rnd runners base-image --python 3.11 --push": "tests/runners/test_base_image.py",
    "rnd runners simulate": "tests/runners/simulation/test_plot.py",
    "rnd runners simulate --maximum 8 --plot plot.svg": (
        "tests/runners/simulation/test_plot.py",
        "tests/runners/simulation/test_simulate.py",
    ),
    "rnd runners simulate --jobs jobs.json": "tests/runners/simulation/test_simulate.py",
    "rnd runners simulate --jobs-per-day research-gpu=20": "tests/runners/simulation/test_simulate.py",
    "rnd runners recommend --p95 10min --jobs jobs.json": "tests/runners/simulation/test_recommendation.py",
    "rnd runners synth --output cdk.out": "tests/runners/stack/test_synthesis.py",
    "rnd fleet status": "tests/fleet/test_how_to.py",
    "rnd fleet status --having drift": "tests/fleet/test_how_to.py",
    "rnd fleet plan --out plan.json": "tests/fleet/test_how_to.py",
    "rnd fleet apply plan.json": "tests/fleet/test_how_to.py",
    "rnd fleet status --html fleet.html": "tests/fleet/test_page.py",
    "rnd fleet status --html fleet.html --audit audit.json": "tests/fleet/test_audit.py",
    "rnd fleet audit": "tests/fleet/test_audit.py",
    "rnd fleet audit --json > audit.json": "tests/fleet/test_audit.py",
    "rnd fleet update": "tests/fleet/test_update_people.py",
    "rnd fleet update --plan": "tests/fleet/test_update_people.py",
    "rnd fleet promote 1.5.0": "tests/fleet/test_update.py",
    "rnd fleet promote 1.5.0 --ring all": "tests/fleet/test_update.py",
    "rnd fleet rollback --actions --plan": "tests/fleet/test_update.py",
    "rnd fleet rollback --actions": "tests/fleet/test_update.py",
    "rnd fleet rollback --actions --to 1.3.2": "tests/fleet/test_update.py",
    "rnd fleet rollback --template": "tests/fleet/test_update.py",
    "rnd release package --wheel --only-build --out-dir wheel": "tests/publish/test_built_elsewhere.py",
    "rnd release package": "tests/publish/test_package.py",
    "rnd release package --built wheel --sha256 54d9088eae50… --identity release": "tests/publish/test_package.py",
    "rnd release image": "tests/helpers/image_sandbox.py",
    "rnd release image --identity development": "tests/publish/test_access.py",
    "rnd release image --identity candidate": "tests/publish/test_candidate.py",
    "rnd release promote --version 0.5.0 --from candidate/PACKAGE@sha256:…": "tests/publish/test_candidate.py",
    "rnd rehearse --list": "packages/rnd-rehearsal/tests/rehearsal_tests/test_command.py",
    "rnd rehearse --keep": "packages/rnd-rehearsal/tests/rehearsal_tests/test_command.py",
}


def not_run() -> dict[str, str]:
    """Return the commands that no test runs, as docs/tests.md lists them, with the reasons."""
    page = (ROOT / "docs" / "tests.md").read_text(encoding="utf-8")
    section = page.partition("\n## Commands of pages\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", section, re.MULTILINE)
    return {command: reason for cell, reason in rows for command in re.findall(r"`([^`]+)`", cell)}


def tutorial() -> list[tuple[str, str]]:
    """Return the commands of the tutorial that are run in the repository, each with the output that it shows."""
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    session = "".join(block for language, block in BLOCK.findall(page) if language == "console")
    shown = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)
    first = next(number for number, (command, _) in enumerate(shown) if command.startswith("git log"))
    last = next(number for number, (command, _) in enumerate(shown) if command.startswith("uv add"))
    return shown[first:last]


def test_each_command_is_run_or_has_a_reason() -> None:
    known = [IN_A_REPOSITORY, PLANNED, ELSEWHERE, not_run(), dict(tutorial())]
    names = [name for one in known for name in one]
    assert sorted(names) == sorted(set(names)), "one place for each command"
    assert set(names) == set(all_commands())


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_another_test_runs_is_in_its_file(command: str) -> None:
    files = ELSEWHERE[command]
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ([files] if isinstance(files, str) else files))
    if "examples()" in text:
        return  # the commands of docs/how-to/fleet.md, as they are there
    program, *words = shlex.split(command.removeprefix("uv run --no-sync "))
    names = [program, *(word for word in words[:2] if re.fullmatch("[a-z][a-z-]+", word))]  # no options, no folders
    assert names[-1] in text
    for option in (word.partition("=")[0] for word in words if word.startswith("-")):
        assert option in text


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The template, and the repository that `make new NAME=my_project` makes beside it."""
    kept = Kept(tmp_path_factory.mktemp("pages"), "my_project")
    given = ("--data", "project_name=my_project", "--data", "create_github_repository=false", "--defaults", "--quiet")
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        copy_template(kept.template.folder)
        patch.chdir(kept.template.folder)
        assert cli.main(["new", "../my_project", *given, "--template", kept.template.address]) == 0
        kept.keep()
    return kept


@pytest.fixture
def kept(once: Kept, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Both as they were when they were made; the current folder is the repository."""
    once.restore()
    monkeypatch.chdir(once.made)
    return once


def run(command: str) -> int:
    """Run a command of a page, in this process if it is ours, and return its exit code."""
    program, *words = shlex.split(command)
    if program == "rnd":
        return cli.main(words)
    return subprocess.run([program, *words], check=False).returncode


@pytest.mark.slow
def test_in_a_repository(
    kept: Kept, hosting: Hosting, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    there = {"FOLDER": ".", "speech_alignment": ".", "TITLE": "'feat: a title'"}
    shipped = load_organisation()
    template = shipped.template.model_copy(update={"repository": kept.template.address})
    organisation = shipped.model_copy(update={"github": hosting.policy, "template": template})
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: organisation)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # `rnd doctor` looks for an account
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    hosting.publish(kept.made)
    for command, code in IN_A_REPOSITORY.items():
        if command.startswith("rnd version check-title"):
            git(kept.made, "switch", "--quiet", "--create", "topic")
            git(kept.made, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", "feat: a title")
        words = [there.get(word, word) for word in command.split(" ")]
        assert run(" ".join(words)) == code, (command, capfd.readouterr())


@pytest.mark.slow
def test_plans(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "how-to" / "answer-questions-in-advance.md").read_text(encoding="utf-8")
    place = tmp_path / "checkout"
    place.mkdir()
    monkeypatch.chdir(place)
    (answers,) = (block for language, block in BLOCK.findall(page) if language == "yaml")
    Path("answers.yml").write_text(answers, encoding="utf-8")
    for command in PLANNED:
        planned = f"{command.removesuffix(PLAN)}{PLAN} --template {kept.template.address}"
        capsys.readouterr()
        assert run(planned) == 0, command
        said = capsys.readouterr().out
        if command.endswith(PLAN):
            shown = page.partition(f"{command}\n")[2].partition("```")[0]
            assert normal(said) == normal(shown)
        assert said.startswith("Plan: create ")
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkout"]


def normal(text: str) -> list[str]:
    """Return lines of output without what differs from machine to machine and from run to run."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    text = re.sub(r"\b[0-9a-f]{7}\b", "COMMIT", text)
    text = re.sub(r"/\S+/", "/", text)
    text = re.sub(r"\d+\.\d+ ?s\b|(?<=template )\d\S*(?=\))", "N", text)
    return [line.rstrip() for line in text.replace("uv sync --all-extras --locked", "uv sync").splitlines()]


def shows(shown: str, said: str) -> bool:
    """Return whether a page shows what was printed; a line `…` represents any lines."""
    parts = [re.escape("\n".join(normal(part))) for part in re.split(r"^…$\n?", shown, flags=re.MULTILINE)]
    return re.search(r"^" + r"[\s\S]*".join(parts).replace("\\\n", "\n"), "\n".join(normal(said))) is not None


@pytest.mark.slow
def test_the_tutorial(kept: Kept) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    files = re.findall(r"^Create `(\S+)`:\n\n```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == ["src/my_project/levels.py", "tests/test_levels.py"]
    for number, (command, shown) in enumerate(tutorial()):
        if command == "uv run pytest":
            for name, text in files:
                (kept.made / name).write_text(text, encoding="utf-8")
        if command == "git add ." and number > [one for one, _ in tutorial()].index("git add ."):
            header = files[1][1].splitlines(keepends=True)[0]  # the page says so in a sentence
            (kept.made / files[0][0]).write_text(header + files[0][1], encoding="utf-8")
        ended = subprocess.run(
            shlex.split(without_comment(command)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=os.environ | {"COLUMNS": "80"},
        )
        assert shows(shown, ended.stdout), f"{command}\n{ended.stdout}"
    assert git(kept.made, "log", "--format=%s").splitlines()[0] == "feat: convert amplitude ratios to decibels"
