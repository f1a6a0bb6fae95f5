"""The central actions: each step is one call of something known, with everything that the call needs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rnd.commands import build_parser
from tests.helpers.contracts import disagreements
from tests.helpers.git import git
from tests.helpers.machine import ROOT
from tests.helpers.workflows import ACTIONS, Step, action_names, action_steps, load, outputs_of_script, references

NAMES = action_names()
STEPS = [step for name in NAMES for step in action_steps(name)]
SCRIPTS = [step for step in STEPS if "run" in step.data]
TOOLKIT = re.compile(
    r'"\$\{GITHUB_ACTION_PATH\}/\.\./\.\./scripts/toolkit"(?: --bare| --extra (?:\w+|"\$\{\w+\}"))* rnd (.*)'
)
BUILT_IN = re.compile(r"GITHUB_[A-Z_]+|RUNNER_TEMP")
PIN = re.compile(r"\buses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", re.MULTILINE)


def identify(step: Step) -> str:
    return f"{step.place}: {step.data['name']}"


def test_they_are_the_steps_of_the_specification() -> None:
    steps = "set-up lint-and-test hadolint version build-package publish-package push-image promote-image sanity-check"
    steps += (
        " release gate push-package"  # of repositories whose workflows are those of an earlier version of the template
    )
    assert set(NAMES) == set(steps.split())


@pytest.mark.parametrize("name", NAMES)
def test_each_explains_itself(name: str) -> None:
    action = load(ACTIONS / name / "action.yml")
    assert action["name"]
    for part in [action, *action.get("inputs", {}).values(), *action.get("outputs", {}).values()]:
        assert part["description"].endswith(".")


@pytest.mark.parametrize("step", STEPS, ids=identify)
def test_each_step_is_named_and_does_one_thing(step: Step) -> None:
    assert step.data["name"]
    assert ("uses" in step.data) != ("run" in step.data)
    assert step.data.get("shell", "bash") == "bash"


@pytest.mark.parametrize("step", SCRIPTS, ids=identify)
def test_a_script_is_one_command_and_no_expression_becomes_part_of_it(step: Step) -> None:
    """Whatever an expression gives would be read as a program: values go through the environment."""
    assert "${{" not in step.data["run"]
    assert not re.search(r"[;\n`]|&&|\|\||\$\(", step.data["run"].strip())


@pytest.mark.parametrize("step", SCRIPTS, ids=identify)
def test_a_script_is_given_every_variable_that_it_reads(step: Step) -> None:
    read = set(re.findall(r"\$\{?(\w+)", step.data["run"]))
    given = set(step.data.get("env", {}))
    assert {name for name in read - given if not BUILT_IN.fullmatch(name)} == set()


@pytest.mark.parametrize("step", [step for step in SCRIPTS if " rnd " in step.data["run"]], ids=identify)
def test_a_call_of_rnd_is_one_that_it_understands(step: Step) -> None:
    found = TOOLKIT.fullmatch(step.data["run"].strip())
    assert found is not None, "from the very commit of the action, and as its lock file says"
    call, _, _ = found[1].partition(" >> ")
    known = call.replace("${IDENTITY}", "development")  # which every command with the option has
    arguments = shlex.split(re.sub(r"\$\{\w+\}", "1", known))
    build_parser().parse_args(arguments)


def test_a_call_that_it_does_not_understand_would_be_found() -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["version", "set", "--no-such-option"])


@pytest.mark.parametrize("name", NAMES)
def test_what_one_step_reads_from_another_is_there(name: str) -> None:
    steps = {step.data["id"]: step for step in action_steps(name) if "id" in step.data}
    for step, output in references(load(ACTIONS / name / "action.yml"), "steps"):
        assert output in outputs(steps[step]), f"{name}: {step} has no output {output}"


def outputs(step: Step) -> set[str]:
    """Return what a step of an action gives to later ones."""
    return {"token"} if step.uses.startswith("actions/create-github-app-token@") else outputs_of_script(step)


@pytest.mark.parametrize("step", [step for step in STEPS if step.uses], ids=identify)
def test_an_action_from_elsewhere_gets_what_it_needs_and_nothing_else(step: Step) -> None:
    assert disagreements(step) == []
    misspelt = {f"{name}s": value for name, value in step.given.items()}
    assert set(disagreements(Step(step.place, {**step.data, "with": misspelt}))) >= set(misspelt)


@pytest.mark.parametrize("name", ["push-package", "push-image"])
def test_without_leave_to_publish_nothing_is_signed_in_to(name: str) -> None:
    """A pull request from a fork runs these too."""
    for step in action_steps(name):
        if "--identity" in step.data["run"]:
            assert step.data["if"] == "inputs.publish == 'true'", identify(step)


def test_only_what_runs_no_code_of_a_repository_can_publish_a_release() -> None:
    """Which steps run such code: builds, hooks, tests. An identity is asked for in the step that uses it."""
    code = ("--only-build", "rnd release image", "build.py", "rnd ci install", "pre-commit", "pytest")
    for name in NAMES:
        scripts = [step.data["run"] for step in action_steps(name) if "run" in step.data]
        runs_code = any(part in script for script in scripts for part in code) or name == "push-package"
        releases = any("release publish" in script or "promote" in script or "--built" in script for script in scripts)
        assert not (runs_code and releases), name


@pytest.mark.parametrize("step", SCRIPTS, ids=identify)
def test_code_of_the_repository_is_given_no_means_to_get_an_identity(step: Step) -> None:
    """What `rnd` starts, it starts without them; what a step starts by itself, it starts so too."""
    script = step.data["run"].strip()
    if re.search(r"\b(pre-commit run|pytest|build\.py)\b", script):
        hidden = "--unset=ACTIONS_ID_TOKEN_REQUEST_URL --unset=ACTIONS_ID_TOKEN_REQUEST_TOKEN "
        assert script.startswith(f"env {hidden}")


def test_no_action_signs_in_for_the_steps_after_it() -> None:
    assert [
        identify(step) for step in STEPS if "role-to-assume" in step.given or " ci login\n" in step.data.get("run", "")
    ] == []


def test_actions_from_elsewhere_are_listed_pinned_and_in_one_version() -> None:
    page = (ACTIONS / "THIRD_PARTY.md").read_text(encoding="utf-8")
    listed = {
        (name, commit, version) for name, version, commit in re.findall(r"\| `(.+?)` \| (\S+) \| `(\w+)` \|", page)
    }
    folders = (ROOT / "template" / ".github", ROOT / "actions", ROOT / "partials", ROOT / ".github")
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in {".yml", ".jinja"}]
    texts = [
        path.read_text(encoding="utf-8").replace("checkout = 'actions", "uses: actions").replace("' -%}", "")
        for path in files
    ]
    used = {found for text in texts for found in PIN.findall(text)}
    assert used == listed
    for text in texts:
        for uses in re.findall(r"\buses: (\S+)", text):
            assert uses.startswith(("./", "$/", "{{")) or re.search(r"@[0-9a-f]{40}$", uses), f"{uses} is not pinned"


@pytest.mark.parametrize("step", [step for step in SCRIPTS if "xargs" in step.data["run"]], ids=identify)
def test_a_file_name_is_no_option(step: Step) -> None:
    """A file may be called `--config=x.Dockerfile`."""
    assert step.data["run"].strip().endswith(" --")


@pytest.mark.parametrize(("options_end", "refused"), [(True, True), (False, False)])
def test_a_dockerfile_whose_name_is_an_option_is_linted(tmp_path: Path, options_end: bool, refused: bool) -> None:
    """Without `--`, its name turns the rules off for all of them."""
    (step,) = [step for step in SCRIPTS if "hadolint" in step.data["run"]]
    command = re.sub(
        r'"\S+/scripts/toolkit" hadolint', str(Path(sys.executable).with_name("hadolint")), step.data["run"]
    )
    assert command.endswith(" --")
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    (tmp_path / "--config=all.Dockerfile").write_text("FROM debian\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    (tmp_path / "all.Dockerfile").write_text("ignored: [DL3006]\n")  # by a test of the repository
    command = command if options_end else command.removesuffix(" --")
    ended = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode != 0) is refused, ended.stdout + ended.stderr
    assert ("DL3006" in ended.stdout) is refused
