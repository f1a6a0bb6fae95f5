"""What each permission of a job is for: without it, GitHub refuses a call of the job, so that none is too much.

The calls are those that the programs of the actions send in a run of them here. Of others' actions, they are read in
their code: `actions/checkout` fetches with git, `actions/attest` requests an OIDC token and stores the attestation
(https://github.com/actions/toolkit/blob/main/packages/attest/src/store.ts), and artifacts need no permission, because
they are stored by a token of the runner.
"""

from __future__ import annotations

import copy
import json
import shlex
import shutil
from dataclasses import dataclass, field
from functools import cache
from string import Template
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fake_github import permissions
from fake_github.api import ROUTES
from fake_github.routing import build_map
from rnd import cli
from rnd.github.push import push
from rnd.organisation import load_organisation
from rnd_rehearsal.calls import CallRefused, Place, Source, flatten, granted, target
from tests.helpers.machine import ACME, ROOT, isolate
from tests.helpers.template import copy_template, render
from tests.helpers.workflows import action_steps, load, workflows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.helpers.github import Hosting
    from tests.helpers.repository import Repository
    from tests.helpers.template import TemplateRepository

pytestmark = pytest.mark.slow

FETCH, PUSH = "git-upload-pack", "git-receive-pack"
ID_TOKEN = "request an OIDC token"
OF_OTHERS = {
    "actions/attest": [ID_TOKEN, "POST /repos/{owner}/{repo}/attestations"],
    "actions/checkout": [FETCH],
    "actions/create-github-app-token": [],  # signs in with the key of the app
    "actions/download-artifact": [],
    "actions/upload-artifact": [],
}
RELEASE = "POST /repos/{owner}/{repo}/releases"
COMMENTS = "GET /repos/{owner}/{repo}/issues/{issue_number}/comments"
COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments"
STATUSES = "GET /repos/{owner}/{repo}/commits/{ref}/statuses"
STATUS = "POST /repos/{owner}/{repo}/statuses/{sha}"
ATTESTATION = OF_OTHERS["actions/attest"][1]
PUBLISH = {
    "contents: none": FETCH,
    "id-token: none": ID_TOKEN,
    "attestations: none": ATTESTATION,
    "attestations: read": ATTESTATION,
}
# The first call that is refused without a permission, or with a lower level of it.
REFUSED = {
    ("on_pr.yml", "all-green"): {"statuses: none": STATUSES, "statuses: read": STATUS},
    ("python_lint_and_test.yml", "lint-and-test"): {"contents: none": FETCH, "id-token: none": ID_TOKEN},
    ("push_python_package.yml", "build"): {"contents: none": FETCH},
    ("build_and_push_docker_image.yml", "image"): {"contents: none": FETCH, "id-token: none": ID_TOKEN},
    ("on_push_main.yml", "sanity-check"): {"contents: none": FETCH},
    ("release.yml", "release"): {"contents: none": FETCH, "contents: read": RELEASE, "id-token: none": ID_TOKEN},
    ("publish_package.yml", "publish"): PUBLISH,
    ("promote_image.yml", "promote"): PUBLISH,
}
EXPLAIN = {"pull-requests: none": COMMENTS, "pull-requests: read": COMMENT}
VERSION = {
    "without apps": {"contents: none": FETCH, "contents: read": PUSH} | EXPLAIN,
    "with apps": {"contents: none": FETCH, "id-token: none": ID_TOKEN} | EXPLAIN,
}


read = cache(load)
own_steps = cache(action_steps)


@dataclass
class Generated:
    """A generated repository.

    Attributes:
        kind: Whether its organisation has apps.
        folder: Where it is.
        central: What the name of a central action begins with.
    """

    kind: str
    folder: Path
    central: str

    def find(self, source: Source, uses: str) -> tuple[Source, dict[str, Any]]:
        """Return the workflow that a job calls."""
        repository, path, ref = target(source, uses)
        root = self.folder if uses.startswith("./") else ROOT
        return Source(repository, path, ref or source.ref, ""), read(root / path)

    def places(self, name: str, workflow: dict[str, Any] | None = None) -> list[Place]:
        """Return the jobs that run for a workflow."""
        source = Source("lab/demo", f".github/workflows/{name}", "refs/heads/main", "")
        document = workflow or read(self.folder / source.path)
        return list(flatten(source, document, self.find).values())

    def steps(self, place: Place) -> Iterator[dict[str, Any]]:
        """Yield the steps of a job, in place of a central action its own ones."""
        for step in place.written["steps"]:
            name = step["uses"].partition("@")[0].removeprefix("$/actions/").removeprefix(self.central)
            inner = [] if name.startswith("actions/") else own_steps(name)
            yield from (one.data for one in inner) if inner else (step,)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[Generated]:
    """A repository of an organisation without apps, and one of an organisation with apps."""
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        template = copy_template(tmp_path_factory.mktemp("template"))
        return [_generate(template, kind, tmp_path_factory.mktemp("made") / "repository") for kind in VERSION]


def _generate(template: TemplateRepository, kind: str, folder: Path) -> Generated:
    if kind == "with apps":
        shutil.copy(ACME, template.folder / "org.yml")
        template.release("2.0.0")
    organisation = load_organisation(template.folder / "org.yml")
    assert bool(organisation.github.apps) == (kind == "with apps")
    made = render(template, folder, project_name="arm_control")
    address = organisation.template.repository.removesuffix(".git").replace(":", "/").split("/")
    return Generated(kind, made, "/".join([*address[-2:], "actions/"]))


@dataclass
class Pipeline:
    """A pull request and a merge, which the programs of the actions work on.

    Attributes:
        values: What the steps find in their environment.
        sent: The calls of each program that ran, without those that GitHub refused.
        services: What a fetch and a push answer to a job, by its permission for contents.
    """

    hosting: Hosting
    values: dict[str, str]
    sent: dict[str, list[str]] = field(default_factory=dict)
    services: dict[tuple[str, str | None], int] = field(default_factory=dict)

    def run(self, command: str, held: Mapping[str, str], patch: pytest.MonkeyPatch) -> list[str]:
        """Return the calls that a program of a step sends, with the token of the job."""
        if command not in self.sent:
            full_name = f"{self.hosting.owner}/demo"
            token = self.hosting.hub.workflow_token(full_name, {k.replace("-", "_"): v for k, v in held.items()})
            patch.setenv("GITHUB_TOKEN", token)
            self.hosting.hub.calls.clear()
            arguments = [Template(one).substitute(self.values) for one in shlex.split(command)]
            assert cli.main(arguments) == 0, command
            self.sent[command] = [
                operation(method, path) for method, path, code in self.hosting.hub.calls if code < 400
            ]
        return self.sent[command]

    def refuses(self, call: str, held: Mapping[str, str]) -> bool:
        """Return whether GitHub refuses a call to a job."""
        if call == ID_TOKEN:
            return held.get("id-token") != "write"
        under = {name.replace("-", "_"): level for name, level in held.items()}
        if call not in {FETCH, PUSH}:
            return bool(permissions.missing(under, call))
        key = call, held.get("contents")
        if key not in self.services:
            hub, name = self.hosting.hub, f"{self.hosting.owner}/demo"
            sign_in = ("x-access-token", hub.workflow_token(name, under))
            answer = httpx.get(f"{hub.url}/{name}.git/info/refs", params={"service": call}, auth=sign_in)
            self.services[key] = answer.status_code
        return self.services[key] != 200


def operation(method: str, path: str) -> str:
    """Return the name of a call that was sent."""
    if ".git/" in path:
        return PUSH if PUSH in path else FETCH
    entry, _ = MAP.match(path.removeprefix("/api/v3"), method)
    return str(entry.operation)


MAP = build_map(ROUTES).bind("localhost")


@pytest.fixture
def pipeline(package: Repository, hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    there = hosting.publish(package.path)
    package.git("switch", "--quiet", "--create", "change")
    head = package.commit("feat: a second thing")
    with hosting.client as client:
        push(client, there, package.path, ("change:refs/heads/change",))
        made = client.read(
            lambda kit: kit.rest.pulls.create(*there, title="feat: a second thing", head="change", base="main")
        )
    package.git("update-ref", "refs/remotes/origin/main", "main")
    done = {"result": "success", "outputs": {}}
    version = {"result": "success", "outputs": {"handed-over": "false", "settled": "true"}}
    needs = {"version": version, "lint-and-test": done, "package": done, "image": done}
    monkeypatch.setenv("GITHUB_REPOSITORY", str(there))
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.delenv("GH_TOKEN")
    values = {"NUMBER": str(made["number"]), "RELEASES": "main", "BRANCH": "change", "COMMIT": head}
    values |= {"NEEDS": json.dumps(needs), "BEFORE": package.git("rev-parse", "main")}
    return Pipeline(hosting, values)


def calls(pipeline: Pipeline, generated: Generated, place: Place, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the calls that a job can send; the workflows of ours serve organisations with apps and without."""
    central = place.levels[-1].source.repository != "lab/demo"
    for step in generated.steps(place):
        if "uses" in step:
            yield from OF_OTHERS[step["uses"].partition("@")[0]]
            continue
        command = step["run"].partition(" rnd ")[2]
        for_app = command.startswith("release publish") or " --push " in command
        with_app = for_app and (central or generated.kind == "with apps")
        if with_app or "--identity" in command or "--login" in command:
            yield ID_TOKEN
        own = not for_app or central or generated.kind == "without apps"
        if own and "github.token" in step.get("env", {}).get("GITHUB_TOKEN", ""):
            yield from pipeline.run(command, granted(place, fork=False), patch)


def lower(held: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what a job could have in place of what it has: one permission less, or one at a lower level."""
    for name, level in held.items():
        rest = {key: value for key, value in held.items() if key != name}
        yield f"{name}: none", rest
        if level == "write" and name != "id-token":  # which cannot be read
            yield f"{name}: read", {**rest, name: "read"}


def test_no_job_has_a_permission_too_much(
    generated: list[Generated], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in generated:
        found: dict[tuple[str, str], dict[str, str | None]] = {}
        for place in [*one.places("on_pr.yml"), *one.places("on_push_main.yml")]:
            held = granted(place, fork=False)
            sent = list(calls(pipeline, one, place, monkeypatch))
            assert not [call for call in sent if pipeline.refuses(call, held)], place.key
            level = place.levels[-1]
            found[level.source.path.rpartition("/")[2], level.job] = {
                less: next((call for call in sent if pipeline.refuses(call, rest)), None) for less, rest in lower(held)
            }
        assert found == REFUSED | {("on_pr.yml", "version"): VERSION[one.kind]}, one.kind


def test_no_job_that_calls_a_workflow_has_a_permission_too_much(generated: list[Generated]) -> None:
    """GitHub starts nothing where a called workflow asks for more than its caller has."""
    tried = 0
    for one in generated:
        for name in workflows(one.folder):
            document = copy.deepcopy(read(one.folder / ".github/workflows" / name))
            for job in [job for job in document["jobs"].values() if "uses" in job]:
                held = job["permissions"]
                for _, job["permissions"] in lower(held):
                    with pytest.raises(CallRefused, match="asks for"):
                        one.places(name, document)
                    tried += 1
                job["permissions"] = held
    assert tried > 60
