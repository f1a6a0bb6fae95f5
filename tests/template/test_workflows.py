"""The workflows of a generated repository, and our own: what calls what, without a runner."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from copier import run_copy

from rnd.organisation import Organisation, load_organisation
from rnd_rehearsal.workflows import evaluate
from tests.helpers.contracts import central_actions, faults
from tests.helpers.machine import ACME, ROOT, isolate
from tests.helpers.pages import table
from tests.helpers.template import copy_template
from tests.helpers.workflows import Job, Workflow, action_names, workflows

ORGANISATIONS = {"shipped": ROOT / "org.yml", "acme": ACME}
CENTRAL = {"publish_package.yml", "promote_image.yml", "release.yml"}  # of ours, called by every repository
OLD = {"push-package"}  # actions that only repositories of earlier versions of the template call
CALLED = {"python_lint_and_test.yml", "push_python_package.yml", "build_and_push_docker_image.yml"}


@pytest.fixture(scope="module", params=ORGANISATIONS)
def organisation(request: pytest.FixtureRequest) -> Organisation:
    return load_organisation(ORGANISATIONS[request.param])


@pytest.fixture(scope="module")
def repository(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of an organisation, rendered for its oldest Python, one with each dependency tool."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        template = copy_template(tmp_path_factory.mktemp("template"))
        source = next(path for path in ORGANISATIONS.values() if load_organisation(path) == organisation)
        shutil.copy(source, template.folder / "org.yml")
        template.release("2.0.0")
        made = tmp_path_factory.mktemp("made") / "repository"
        data = {"project_name": "arm_control", "python_version": organisation.python.versions[0]}
        data["dependency_tool"] = "conda" if source == ACME else "uv"
        run_copy(template.address, made, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
        return made


@pytest.fixture(scope="module")
def central(organisation: Organisation) -> str:
    """What the name of a central action begins with: OWNER/NAME/actions/."""
    found = re.search(r"([^/:]+/[^/:]+?)(\.git)?$", organisation.template.repository)
    assert found is not None
    return f"{found[1]}/actions/"


@pytest.fixture(scope="module")
def jobs(repository: Path) -> list[Job]:
    return [job for workflow in workflows(repository).values() for job in workflow.jobs.values()]


def test_everything_fits(repository: Path, central: str) -> None:
    for workflow in workflows(repository).values():
        assert faults(workflow, central) == []


@pytest.mark.parametrize("name", sorted(workflows(ROOT)))
def test_everything_fits_in_our_own(name: str) -> None:
    assert faults(workflows(ROOT)[name], "$/actions/" if name in CENTRAL else "./actions/") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("on_pr.yml", "permissions: {}", "permissions: {contents: read}", "the whole workflow has permissions"),
        ("on_pr.yml", "  pull_request:\n", "  pull_request_target:\n", "the rights of the base"),
        ("on_pr.yml", "    timeout-minutes: 10\n", "", "version may take for ever"),
        ("on_pr.yml", "      publish: ", "      publsh: ", "do not agree on publsh of its inputs"),
        (
            "on_pr.yml",
            "      id-token: write  # to get the identity that publishes\n",
            "",
            "lacks id-token for push_pyt",
        ),
        ("on_pr.yml", "needs.version.outputs.commit", "needs.version.outputs.comit", "reads comit of version"),
        ("on_pr.yml", "    needs: [version, package]\n", "    needs: package\n", "image reads from version"),
        ("on_pr.yml", "steps.version.outputs.settled", "steps.version.outputs.set", "reads set of the step version"),
        ("build_and_push_docker_image.yml", "          identity: ", "          id: ", "push-image do not agree on id"),
        ("on_pr.yml", "persist-credentials: false", "persist-credentials: true", "version leaves a credential behind"),
        ("on_pr.yml", "lint-and-test, package, image]", "lint-and-test, package]", "the gate lets something pass"),
        (
            "on_pr.yml",
            "          fetch-depth: ",
            "          fetch-dpth: ",
            "actions/checkout do not agree on fetch-dpth",
        ),
        ("on_push_main.yml", "queue: max", "queue: all", "GitHub refuses this concurrency"),
        ("on_push_main.yml", "queue: max", "queue: max\n  cancel-in-progress: true", "GitHub refuses this"),
        ("push_python_package.yml", "/set-up@", "/gate@", "build does not set up"),
        (
            "push_python_package.yml",
            "      sha256: ${{ needs",
            "      digest: ${{ needs",
            "not agree on digest of its inputs",
        ),
    ],
)
def test_what_does_not_fit_is_found(
    repository: Path, central: str, tmp_path: Path, name: str, old: str, new: str, fault: str
) -> None:
    copy = Path(shutil.copytree(repository, tmp_path / "copy"))
    broken = workflows(copy)[name]
    text = broken.path.read_text(encoding="utf-8")
    assert old in text
    broken.path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(fault in found for found in faults(broken, central))


def test_the_local_workflows_are_these_five(repository: Path) -> None:
    assert set(workflows(repository)) == {"on_pr.yml", "on_push_main.yml", *CALLED}


def test_every_called_workflow_and_every_central_action_has_a_use(jobs: list[Job], central: str) -> None:
    assert {job.callee.path.name for job in jobs if job.callee} == CALLED | CENTRAL
    used = {name for job in jobs for name, _ in central_actions(job, central)}
    used |= {name for job in central_jobs() for name, _ in central_actions(job, "$/actions/")}
    assert used == set(action_names()) - OLD


def central_jobs() -> list[Job]:
    """Return the jobs of the workflows of ours that every repository calls."""
    return [job for name in sorted(CENTRAL) for job in workflows(ROOT)[name].jobs.values()]


def test_jobs_run_where_the_organisation_says(jobs: list[Job], organisation: Organisation) -> None:
    """What holds an identity and runs no code of the repository has machines of its own."""
    image = organisation.image_registry.base_image.replace("{version}", organisation.python.versions[0])
    runners = organisation.runners
    shared = next(iter(runners.classes.values())).labels
    for job in jobs:
        if job.callee is None:
            trusted = job.name in {"version", "sanity-check", "all-green"}
            asked = job.data["runs-on"]
            assert ([asked] if isinstance(asked, str) else asked) == (runners.trusted if trusted else shared), job.place
            without = trusted and runners.trusted_is_hosted
            expected = None if without else f"{organisation.image_registry.address}/{image}"
            assert job.data.get("container") == expected, job.place


def test_central_jobs_run_where_no_code_of_a_repository_did() -> None:
    for job in central_jobs():
        assert [job.data["runs-on"]] == load_organisation().runners.trusted, job.place
        assert "container" not in job.data
        assert all(step.uses.startswith(("$/actions/", "actions/")) for step in job.steps), job.place


@pytest.mark.parametrize("permission", ["id-token", "attestations", "contents"])
def test_no_job_that_builds_the_package_can_write(repository: Path, permission: str) -> None:
    build = workflows(repository)["push_python_package.yml"].jobs["build"]
    assert build.data["permissions"].get(permission) in {None, "read"}


def test_central_actions_are_called_at_the_ref_of_the_organisation(
    jobs: list[Job], organisation: Organisation, central: str
) -> None:
    used = {step.uses for job in jobs for step in job.steps if step.uses.startswith(central)}
    assert {uses.partition("@")[2] for uses in used} == {organisation.template.workflow_ref}


def test_the_workflows_hold_no_programs(jobs: list[Job]) -> None:
    for job in jobs:
        assert all(step.uses for step in job.steps), f"{job.place} has a program of its own"


def test_the_check_that_main_requires_is_that_of_the_gate(repository: Path, organisation: Organisation) -> None:
    on_pr = workflows(repository)["on_pr.yml"]
    names = [name for job in on_pr.jobs.values() for name in job.check_names()]
    assert names[:-1] == [
        "version",
        "lint-and-test / lint-and-test",
        "package / build",
        "package / publish / publish",
        "image / image",
        "image / promote / promote",
    ]
    gate = on_pr.jobs["all-green"].data["name"]
    assert names[-1] == gate
    assert name_after(gate, "false") == name_after(gate, "") == organisation.github.repository.main.required_check


def test_a_run_that_checked_nothing_does_not_report_the_required_check(
    repository: Path, organisation: Organisation
) -> None:
    gate = workflows(repository)["on_pr.yml"].jobs["all-green"].data["name"]
    assert name_after(gate, "true") == "delegated" != organisation.github.repository.main.required_check


def name_after(name: str, handed_over: str) -> str:
    """Return the name of the gate's check after a version job with this output."""
    return evaluate(name, {"needs": {"version": {"outputs": {"handed-over": handed_over}}}})


def test_the_page_has_the_permissions_of_each_job(jobs: list[Job], organisation: Organisation) -> None:
    """Without an app, the job `version` pushes with its own token, as the page says beside its permissions."""
    names = {"id-token": "request an OIDC token", "pull-requests": "write pull requests"}
    rows = {
        job: {one.strip() for one in cells[0].split(",")} for job, cells in table("docs/pipeline.md", "Job").items()
    }
    if not organisation.github.apps:
        rows["version"] = {"write contents", "write pull requests"}
    found = {
        job.name: {names.get(name, f"{level} {name}") for name, level in job.data["permissions"].items()}
        for job in [*jobs, *central_jobs()]
        if job.callee is None
    }
    assert {name.rpartition(": ")[2]: held for name, held in rows.items()} == found


def test_what_starts_what(repository: Path) -> None:
    started = {name: workflow.starts_on for name, workflow in workflows(repository).items()}
    for branch in ("main", "dev", "feature/a"):
        assert [name for name in started if started[name]("pull_request", branch)] == ["on_pr.yml"]
        expected = ["on_push_main.yml"] if branch == "main" else []
        assert [name for name in started if started[name]("push", branch)] == expected


@pytest.mark.parametrize("here", [True, False], ids=["our own", "generated"])
def test_merges_are_released_one_after_the_other_and_none_is_dropped(repository: Path, here: bool) -> None:
    concurrency = workflows(ROOT if here else repository)["on_push_main.yml"].data["concurrency"]
    assert concurrency["queue"] == "max"
    assert "${{" not in concurrency["group"], "one group for all runs"


def test_only_what_main_publishes_runs_in_the_environment_for_it(repository: Path, organisation: Organisation) -> None:
    environment = organisation.github.repository.environment.name
    for name, expected in (("on_push_main.yml", environment), ("on_pr.yml", None)):
        publishing = [
            job for job in workflows(repository)[name].jobs.values() if "attestations" in job.data["permissions"]
        ]
        assert [job.data["with"].get("environment") for job in publishing] == [expected, expected]


def test_a_release_is_the_last_thing_and_waits_for_everything(repository: Path) -> None:
    on_main = workflows(repository)["on_push_main.yml"]
    assert before(on_main, "release") == set(on_main.jobs) - {"release"}
    assert {"sanity-check", "lint-and-test"} <= before(on_main, "package")


def test_a_pull_request_from_dependabot_lacks_nothing(
    repository: Path, jobs: list[Job], central: str, organisation: Organisation
) -> None:
    """Its runs have no secrets of Actions, and a token that only reads, except for the permissions that a job names.

    https://docs.github.com/en/code-security/dependabot/troubleshooting-dependabot/troubleshooting-dependabot-on-github-actions
    """
    assert (organisation.package_index.provider, organisation.image_registry.provider) == ("codeartifact", "ecr")
    for job in jobs:
        assert "secrets" not in job.data, job.place
        assert "secrets." not in json.dumps(job.data), job.place
    version = workflows(repository)["on_pr.yml"].jobs["version"]
    assert dict(central_actions(version, central)) == {"set-up": set(), "version": set()}


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
