"""Jobs that call workflows: of the same repository, of another one, and those of further ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal import calls, claims, workflow_files
from rnd_rehearsal.calls import CallRefused, Source
from tests.helpers.git import git

if TYPE_CHECKING:
    from rehearsal_tests.workshop import Workshop
    from rnd_rehearsal.runs import Run

MAIN = """\
on: push
permissions: {}
jobs:
  package:
    name: package
    permissions: {contents: read, statuses: write}
    uses: ./.github/workflows/package.yml
    with: {greeting: "${{ github.ref_name }}", publish: true}
  unwanted:
    name: unwanted
    if: github.ref == 'refs/heads/elsewhere'
    permissions: {contents: read, statuses: write}
    uses: ./.github/workflows/package.yml
    with: {greeting: never, publish: true}
  after:
    name: after
    needs: [package, unwanted]
    if: always()
    runs-on: self-hosted
    steps: [{run: 'echo "after ${{ needs.package.outputs.said }}, ${{ needs.unwanted.result }}"'}]
"""
PACKAGE = """\
on:
  workflow_call:
    inputs:
      greeting: {type: string, required: true}
      publish: {type: boolean, default: false}
      environment: {type: string, default: ''}
    outputs:
      said: {value: "${{ jobs.publish.outputs.said }}"}
permissions: {}
jobs:
  build:
    name: build
    permissions: {contents: read}
    runs-on: self-hosted
    outputs: {digest: "${{ steps.build.outputs.digest }}"}
    steps:
      - {id: build, run: 'echo digest=${{ inputs.greeting }}-1 >> $GITHUB_OUTPUT'}
      - {run: STATUS}
  publish:
    name: publish
    needs: build
    if: inputs.publish
    permissions: {statuses: write}
    uses: Acme/tools/.github/workflows/publish.yml@v1
    with: {digest: "${{ needs.build.outputs.digest }}"}
"""
PUBLISH = """\
on:
  workflow_call:
    inputs: {digest: {type: string, required: true}}
    outputs: {said: {value: "${{ jobs.publish.outputs.said }}"}}
permissions: {}
jobs:
  publish:
    name: publish
    permissions: {statuses: write}
    runs-on: ubuntu-latest
    outputs: {said: "${{ steps.hello.outputs.said }}"}
    steps:
      - {id: hello, uses: $/actions/hello, with: {word: "${{ inputs.digest }}"}}
      - {run: STATUS}
      - run: echo "key=[${{ secrets.KEY }}]"
"""
NAMED = '    secrets: {KEY: "${{ secrets.KEY }}"}\n'
DECLARED = "  workflow_call:\n    secrets: {KEY: {required: true}}\n"
HELLO = """\
inputs: {word: {required: true}}
outputs: {said: {value: "${{ steps.say.outputs.said }}"}}
runs:
  using: composite
  steps:
    - {id: say, shell: bash, run: 'echo "said=hello ${WORD}" >> $GITHUB_OUTPUT', env: {WORD: "${{ inputs.word }}"}}
"""
STATUS = (
    '\'curl -sS -o /dev/null -w "status %{http_code}" -H "Authorization: Bearer ${{ github.token }}"'
    ' -d "{\\"state\\": \\"success\\"}" $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/statuses/$GITHUB_SHA\''
)


def host_tools(workshop: Workshop, publish: str = PUBLISH, *, shared: bool = True) -> None:
    """Make the repository `Acme/tools`, whose workflow others call at its branch `v1`."""
    workshop.ada.ask("POST", "/orgs/Acme/repos", {"name": "tools", "private": True})
    level = "organization" if shared else "none"
    workshop.ada.ask("PUT", "/repos/Acme/tools/actions/permissions/access", {"access_level": level})
    folder = workshop.folder.parent / "tools"
    files = {".github/workflows/publish.yml": publish.replace("STATUS", STATUS), "actions/hello/action.yml": HELLO}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=v1")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: tools")
    header = f"http.extraheader=Authorization: Bearer {workshop.token}"
    git(folder, "-c", header, "push", "--quiet", f"{workshop.hub.url}/Acme/tools.git", "v1")


def push(workshop: Workshop, main: str = MAIN, package: str = PACKAGE) -> str:
    package = package.replace("STATUS", STATUS)
    return workshop.push(
        "main", "ci: call", **{".github__workflows__main_yml": main, ".github__workflows__package_yml": package}
    )


def verdicts(run: Run) -> dict[str, str]:
    return {name: job.result.verdict for name, job in run.jobs.items() if job.result}


def test_a_workflow_of_another_repository_runs_below_one_of_the_same(workshop: Workshop) -> None:
    host_tools(workshop)
    workshop.runner.settings.secrets["KEY"] = "open-sesame"
    sha = push(workshop)
    (run,) = workshop.finished()
    assert verdicts(run) == {
        "package/build": "success",
        "package/publish/publish": "success",
        "unwanted/build": "skipped",
        "unwanted/publish/publish": "skipped",
        "after": "success",
    }, run.refusal
    assert workshop.checks(sha).items() >= {
        ("package / build", "success"),
        ("package / publish / publish", "success"),
        ("after", "success"),
    }
    assert "after hello main-1, skipped" in workshop.log(run, "after")
    assert run.places["package/publish/publish"].levels[-1].source.name == (
        "Acme/tools/.github/workflows/publish.yml@refs/heads/v1"
    )


def test_each_job_of_a_called_workflow_has_a_token_of_its_own(workshop: Workshop) -> None:
    host_tools(workshop)
    push(workshop)
    (run,) = workshop.finished()
    assert "status 403" in workshop.log(run, "package/build")
    assert "status 201" in workshop.log(run, "package/publish/publish")


@pytest.mark.parametrize(
    ("secrets", "declared", "shown"),
    [
        ("", "  workflow_call:\n", "key=[]"),
        ("    secrets: inherit\n", "  workflow_call:\n", "key=[***]"),
        (NAMED, DECLARED, "key=[***]"),
    ],
)
def test_a_called_workflow_gets_the_secrets_that_are_passed_on(
    workshop: Workshop, secrets: str, declared: str, shown: str
) -> None:
    """To a job with an environment, a name that is passed on has the value of the environment."""
    called = PUBLISH.replace("    runs-on", "    environment: release\n    runs-on")
    host_tools(workshop, called.replace("  workflow_call:\n", declared))
    workshop.ada.ask("PUT", "/repos/Acme/rover/environments/release")
    workshop.runner.settings.environment_secrets["release"] = {"KEY": "open-sesame"}
    where = "    uses: ./.github/workflows/package.yml\n"
    push(
        workshop,
        MAIN.replace(where, where + secrets),
        PACKAGE.replace("  workflow_call:\n", declared) + secrets,
    )
    (run,) = workshop.finished()
    assert shown in workshop.log(run, "package/publish/publish")


@pytest.mark.parametrize(
    ("package", "publish", "shared", "reason"),
    [
        (PACKAGE, PUBLISH, False, "not found"),
        (PACKAGE.replace("@v1", "@v2"), PUBLISH, True, "no branch, tag or commit v2"),
        (PACKAGE.replace("publish.yml@", "other.yml@"), PUBLISH, True, "has no .github/workflows/other.yml"),
        (PACKAGE.replace("    with: {digest", "    env: {digest"), PUBLISH, True, "lacks the input digest"),
        (PACKAGE.replace('{digest: "${{ needs', '{other: 1, digest: "${{ needs'), PUBLISH, True, "does not define"),
        (PACKAGE, PUBLISH.replace("statuses: write", "contents: write"), True, "may get `contents: none`"),
        (PACKAGE, PUBLISH.replace("workflow_call:", "workflow_dispatch:"), True, "lacks `workflow_call`"),
        (PACKAGE + NAMED, PUBLISH, True, "passes the secret KEY, which .github/workflows/publish.yml does not define"),
        (PACKAGE, PUBLISH.replace("  workflow_call:\n", DECLARED), True, "lacks the secret KEY"),
    ],
)
def test_github_starts_nothing_of_a_call_that_cannot_be(
    workshop: Workshop, package: str, publish: str, shared: bool, reason: str
) -> None:
    host_tools(workshop, publish, shared=shared)
    sha = push(workshop, package=package)
    (run,) = workshop.finished()
    assert run.conclusion == "startup_failure"
    assert run.jobs == {}
    assert reason in str(run.refusal)
    assert workshop.checks(sha) == {}


def test_what_failed_in_a_called_workflow_is_run_again_and_what_it_needs_is_kept(workshop: Workshop) -> None:
    allowed = workshop.folder.parent / "allowed"
    host_tools(workshop, PUBLISH.replace("      - {run: STATUS}\n", f"      - run: test -e {allowed}\n"))
    push(workshop)
    (run,) = workshop.finished()
    assert (run.conclusion, run.failed()) == ("failure", ["package"])
    allowed.touch()
    again = workshop.runner.rerun(run)
    workshop.finished()
    assert again.conclusion == "success"
    assert again.jobs["package/build"] is run.jobs["package/build"]
    assert "after hello main-1" in workshop.log(again, "after")


@pytest.mark.parametrize("branch", ["main", "other"])
def test_an_environment_is_for_its_branches(workshop: Workshop, branch: str) -> None:
    host_tools(
        workshop, PUBLISH.replace("    runs-on: ubuntu", "    environment: ${{ inputs.digest }}\n    runs-on: ubuntu")
    )
    named = f"/repos/Acme/rover/environments/{branch}-1"
    policy = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    workshop.ada.ask("PUT", named, policy)
    workshop.ada.ask("POST", f"{named}/deployment-branch-policies", {"name": "main"})
    files = {".github__workflows__main_yml": MAIN, ".github__workflows__package_yml": PACKAGE.replace("STATUS", STATUS)}
    workshop.push(branch, "ci: call", **files)
    (run,) = workshop.finished()
    assert run.environment_of(run.places["package/publish/publish"]) == f"{branch}-1"
    if branch == "main":
        assert run.conclusion == "success"
    else:
        assert verdicts(run)["package/publish/publish"] == "failure"
        assert "is not allowed to deploy to other-1" in workshop.log(run, "package/publish/publish")


def test_the_token_of_a_called_job_names_its_workflow(workshop: Workshop) -> None:
    host_tools(workshop)
    push(workshop)
    (run,) = workshop.finished()
    own = claims.of_job(run, run.jobs["package/build"])
    theirs = claims.of_job(run, run.jobs["package/publish/publish"])
    rover, tools = "Acme/rover/.github/workflows", "Acme/tools/.github/workflows"
    assert own["workflow_ref"] == theirs["workflow_ref"] == f"{rover}/main.yml@refs/heads/main"
    assert own["job_workflow_ref"] == f"{rover}/package.yml@refs/heads/main"
    assert theirs["job_workflow_ref"] == f"{tools}/publish.yml@refs/heads/v1"
    assert own["job_workflow_sha"] == own["workflow_sha"] != theirs["job_workflow_sha"]
    assert (own["runner_environment"], theirs["runner_environment"]) == ("self-hosted", "github-hosted")
    assert "environment" not in theirs


SOURCE = Source("Acme/rover", ".github/workflows/a.yml", "refs/heads/main", "0" * 40)


def test_a_call_of_the_same_repository_stays_at_its_commit() -> None:
    at = replace(SOURCE, repository="Acme/tools", ref="refs/heads/v1")
    for uses in ("./.github/workflows/b.yml", "$/.github/workflows/b.yml"):
        assert calls.target(at, uses) == ("Acme/tools", ".github/workflows/b.yml", None)
    assert calls.target(at, "A/b/.github/workflows/c.yaml@v1") == ("A/b", ".github/workflows/c.yaml", "v1")


@pytest.mark.parametrize(
    "uses", ["A/b/actions/c@v1", "./actions/c", "./.github/workflows/b.yml@v1", "A/b/.github/workflows/c.yml"]
)
def test_a_call_that_github_cannot_read_is_refused(uses: str) -> None:
    with pytest.raises(CallRefused, match="names no workflow"):
        calls.target(SOURCE, uses)


def test_a_workflow_that_calls_itself_is_refused() -> None:
    loop = workflow_files.load("on: workflow_call\njobs: {again: {uses: ./.github/workflows/a.yml}}")
    with pytest.raises(CallRefused, match="more than 10 levels"):
        calls.flatten(SOURCE, loop, lambda caller, _: (caller, loop))


def test_a_container_is_that_of_the_called_job(workshop: Workshop) -> None:
    """Without `--containers` no job has one; what is left out is said of called workflows too."""
    host_tools(
        workshop, PUBLISH.replace("    runs-on: ubuntu-latest\n", "    runs-on: ubuntu-latest\n    container: a\n")
    )
    push(workshop)
    (run,) = workshop.finished()
    assert run.conclusion == "success"
    assert run.left_out == [workflow_files.OUTSIDE] * 2
