"""The contracts between what workflows call and what is called, held without a runner.

GitHub finds a missing input, output, secret or permission when the workflow runs, in every repository at once.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from copier import run_copy

from rnd.organisation import Organisation, load_organisation
from tests.conftest import ACME, ROOT, copy_template, isolate
from tests.workflows import Job, Step, Workflow, action_names, levels, load, references, workflows

ORGANISATIONS = {"shipped": ROOT / "org.yml", "acme": ACME}
LOCAL = {
    *("on_pr.yml", "on_push_main.yml"),
    *("python_lint_and_test.yml", "push_python_package.yml", "build_and_push_docker_image.yml"),
}


@pytest.fixture(scope="module", params=ORGANISATIONS)
def organisation(request: pytest.FixtureRequest) -> Organisation:
    return load_organisation(ORGANISATIONS[request.param])


@pytest.fixture(scope="module")
def repository(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of an organisation, rendered for its oldest Python."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        template = copy_template(tmp_path_factory.mktemp("template"))
        source = next(path for path in ORGANISATIONS.values() if load_organisation(path) == organisation)
        shutil.copy(source, template.folder / "org.yml")
        template.release("2.0.0")
        made = tmp_path_factory.mktemp("made") / "repository"
        data = {"project_name": "arm_control", "python_version": organisation.python.versions[0]}
        run_copy(template.address, made, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
        return made


@pytest.fixture(scope="module")
def jobs(repository: Path) -> list[Job]:
    return [job for workflow in workflows(repository).values() for job in workflow.jobs.values()]


@pytest.fixture(scope="module")
def steps(jobs: list[Job]) -> list[Step]:
    return [step for job in jobs for step in job.steps]


def central(organisation: Organisation) -> str:
    """Return what the name of a central action begins with: OWNER/NAME/actions/."""
    found = re.search(r"([^/:]+/[^/:]+?)(\.git)?$", organisation.template.repository)
    assert found is not None
    return f"{found[1]}/actions/"


def test_the_local_workflows_are_these_five(repository: Path) -> None:
    assert set(workflows(repository)) == LOCAL


def test_every_job_says_what_it_is_where_it_runs_and_how_long(jobs: list[Job], organisation: Organisation) -> None:
    machines = next(iter(organisation.runners.classes.values())).labels
    image = organisation.aws.base_image.replace("{version}", organisation.python.versions[0])
    for job in jobs:
        assert job.data["name"], job.place
        assert "permissions" in job.data, job.place
        if job.callee is None:
            assert job.data["runs-on"] == machines, job.place
            assert job.data["container"] == f"{organisation.aws.ecr_registry}/{image}", job.place
            assert 0 < job.data["timeout-minutes"] <= 60, job.place


def test_no_permission_is_given_to_a_whole_workflow(repository: Path) -> None:
    for workflow in workflows(repository).values():
        assert workflow.data["permissions"] == {}, workflow.path.name


def test_a_called_workflow_gets_what_it_needs_and_nothing_else(jobs: list[Job]) -> None:
    calls = [(job, callee) for job in jobs if (callee := job.callee)]
    assert {callee.path.name for _, callee in calls} == {name for name in LOCAL if not name.startswith("on_")}
    for job, callee in calls:
        for kind, key in (("inputs", "with"), ("secrets", "secrets")):
            declared, given = callee.interface[kind], set(job.data.get(key, {}))
            assert given <= set(declared), f"{job.place} passes {kind} that {callee.path.name} does not have"
            needed = {name for name, one in declared.items() if one.get("required")}
            assert needed <= given, f"{job.place} does not pass all {kind} of {callee.path.name}"
        for called in callee.jobs.values():
            asked, granted = levels(called.data["permissions"]), levels(job.data["permissions"])
            lacking = {scope for scope, level in asked.items() if level > granted.get(scope, 0)}
            assert not lacking, f"{job.place} lacks {lacking}, so GitHub starts nothing at all"


def test_a_called_workflow_gives_what_its_jobs_give(repository: Path) -> None:
    for workflow in workflows(repository).values():
        if "workflow_call" in workflow.data["on"]:
            read = references(workflow.interface["outputs"], "jobs")
            assert all(output in workflow.jobs[job].outputs for job, output in read), workflow.path.name


def test_jobs_read_only_what_jobs_that_they_need_give(jobs: list[Job]) -> None:
    for job in jobs:
        for name, output in references(job.data, "needs"):
            assert name in job.needs, f"{job.place} reads from {name}, which it does not need"
            assert output in job.workflow.jobs[name].outputs, f"{job.place}: {name} has no output {output}"


def test_a_central_action_gets_what_it_needs_and_nothing_else(steps: list[Step], organisation: Organisation) -> None:
    called = set()
    for step in steps:
        name, _, ref = step.uses.removeprefix(central(organisation)).partition("@")
        if not step.uses.startswith(central(organisation)):
            continue
        assert ref == organisation.template.workflow_ref
        declared = load(ROOT / "actions" / name / "action.yml").get("inputs", {})
        assert set(step.given) <= set(declared), f"{step.place}: {name} has no such input"
        needed = {key for key, one in declared.items() if one.get("required")}
        assert needed <= set(step.given), f"{step.place}: {name} needs more"
        called.add(name)
    assert called == set(action_names()), "every central action has a use"


def test_what_is_read_from_a_central_action_is_there(jobs: list[Job], organisation: Organisation) -> None:
    for job in jobs:
        actions = {step.data["id"]: step.uses.removeprefix(central(organisation)) for step in job.steps if "id" in step.data}
        for step, output in references(job.data, "steps"):
            declared = load(ROOT / "actions" / actions[step].partition("@")[0] / "action.yml")["outputs"]
            assert output in declared, f"{job.place}: {actions[step]} has no output {output}"


def test_set_up_comes_before_every_other_central_action(jobs: list[Job], organisation: Organisation) -> None:
    for job in jobs:
        names = [step.uses.removeprefix(central(organisation)) for step in job.steps if central(organisation) in step.uses]
        if names:
            assert names[0].startswith("set-up@"), job.place


def test_the_workflows_hold_no_programs(steps: list[Step]) -> None:
    for step in steps:
        assert step.uses, f"{step.place} has a program of its own"


def test_no_checkout_leaves_a_credential_behind(steps: list[Step]) -> None:
    checkouts = [step for step in steps if step.uses.startswith("actions/checkout@")]
    assert checkouts
    for step in checkouts:
        assert step.given["persist-credentials"] is False, step.place


def test_the_check_that_main_requires_is_the_gate_which_needs_every_other_job(
    repository: Path, organisation: Organisation
) -> None:
    on_pr = workflows(repository)["on_pr.yml"]
    gate = on_pr.jobs["all-green"]
    assert list(gate.check_names()) == [organisation.github.repository.main.required_check]
    assert gate.data["if"] == "always()"
    assert set(gate.needs) == set(on_pr.jobs) - {gate.name}


def test_the_check_names_of_a_pull_request(repository: Path, organisation: Organisation) -> None:
    jobs = workflows(repository)["on_pr.yml"].jobs.values()
    assert [name for job in jobs for name in job.check_names()] == [
        "version",
        "lint-and-test / lint-and-test",
        "package / package",
        "image / image",
        organisation.github.repository.main.required_check,
    ]


def test_what_starts_what(repository: Path) -> None:
    started = {name: workflow.starts_on for name, workflow in workflows(repository).items()}
    for branch in ("main", "dev", "feature/a"):
        assert [name for name in started if started[name]("pull_request", branch)] == ["on_pr.yml"]
        expected = ["on_push_main.yml"] if branch == "main" else []
        assert [name for name in started if started[name]("push", branch)] == expected


def test_nothing_runs_with_the_rights_of_the_base_on_the_code_of_a_fork(repository: Path) -> None:
    for workflow in workflows(repository).values():
        assert not {"pull_request_target", "workflow_run"} & set(workflow.data["on"])


def test_merges_are_released_one_after_the_other_and_none_is_dropped(repository: Path) -> None:
    """Actionlint and act do not know `queue` yet, so its value is held here.

    See https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency.
    """
    concurrency = workflows(repository)["on_push_main.yml"].data["concurrency"]
    assert concurrency["queue"] == "max"
    assert "cancel-in-progress" not in concurrency, "GitHub refuses the two together"
    assert "${{" not in concurrency["group"], "one group for all runs"


def test_a_release_is_the_last_thing_and_waits_for_everything(repository: Path) -> None:
    on_main = workflows(repository)["on_push_main.yml"]
    assert before(on_main, "release") == set(on_main.jobs) - {"release"}
    assert {"sanity-check", "lint-and-test"} <= before(on_main, "package")


def test_only_what_main_publishes_runs_in_the_environment_for_it(repository: Path, organisation: Organisation) -> None:
    for name, environment in (("on_push_main.yml", organisation.github.repository.environment.name), ("on_pr.yml", None)):
        for job in workflows(repository)[name].jobs.values():
            if job.data["permissions"].get("id-token") == "write":
                assert job.data["with"].get("environment") == environment, job.place


def test_a_pull_request_waits_for_no_more_than_it_must(repository: Path) -> None:
    """The critical path: the version, then the longer of the checks and of package with image."""
    on_pr = workflows(repository)["on_pr.yml"]
    assert before(on_pr, "lint-and-test") == {"version"}
    assert before(on_pr, "package") == {"version"}
    assert before(on_pr, "image") == {"version", "package"}


def before(workflow: Workflow, name: str) -> set[str]:
    """Return the jobs that have to end before one starts."""
    direct = workflow.jobs[name].needs
    return set(direct).union(*(before(workflow, need) for need in direct))
