"""The fakes for others' actions: few, explained, with inputs that the originals have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal import workflow_files
from rnd_rehearsal.jobs import FAKES
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from rehearsal_tests.workshop import Workshop

FOLDERS = sorted(path.parent for path in FAKES.rglob("action.yml"))
NAMES = [str(folder.relative_to(FAKES)) for folder in FOLDERS]


def test_each_has_its_line_in_the_list() -> None:
    listed = re.findall(r"^\| `([^`]+)` \|", (FAKES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == NAMES


def test_their_inputs_were_compared_at_the_commits_in_use() -> None:
    page = (FAKES / "README.md").read_text(encoding="utf-8")
    used = (ROOT / "actions" / "THIRD_PARTY.md").read_text(encoding="utf-8")
    compared = dict(re.findall(r"^\| `([^`]+)` \|.*\| `(\w{40})` \|$", page, re.MULTILINE))
    assert compared == dict(re.findall(r"^\| `([^`]+)` \| \S+ \| `(\w{40})` \|", used, re.MULTILINE))


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_every_input_reaches_its_program(folder: Path) -> None:
    action = workflow_files.load((folder / "action.yml").read_text(encoding="utf-8"))
    (step,) = action["runs"]["steps"]
    program = (folder / Path(step["run"].rpartition("/")[2].rstrip("\"'"))).read_text(encoding="utf-8")
    for name, expression in step.get("env", {}).items():
        assert "${{" in expression
        assert name in program or name.startswith("PERMISSION_")


TRY = """\
on: push
permissions: {}
jobs:
  may:
    runs-on: self-hosted
    permissions: {id-token: write, attestations: write}
    steps: [STEP]
  may-not:
    runs-on: self-hosted
    permissions: {contents: read}
    steps: [STEP]
"""
ATTEST = "{uses: actions/attest@v4, with: {subject-name: a.whl, subject-digest: 'sha256:DIGEST'}}"
SIGN_IN = "{uses: aws-actions/configure-aws-credentials@v6, with: {aws-region: eu-west-1, role-to-assume: ROLE}}"


@pytest.mark.parametrize(
    ("step", "refusal"),
    [
        (ATTEST.replace("DIGEST", "0" * 64), "id-token: write"),
        (SIGN_IN.replace("ROLE", "'arn:aws:iam::000000000042:role/publish'"), "id-token: write"),
    ],
    ids=["attest", "sign in to AWS"],
)
def test_only_a_job_with_the_permission_gets_through(workshop: Workshop, step: str, refusal: str) -> None:
    workshop.runner.settings.aws |= {"RND_REHEARSAL_AWS_KEY": "AKIA", "RND_REHEARSAL_AWS_SECRET": "hush-hush"}
    workshop.push("main", "ci: try", **{".github__workflows__try_yml": TRY.replace("STEP", step)})
    (run,) = workshop.finished()
    verdicts = {name: job.result and job.result.verdict for name, job in run.jobs.items()}
    assert verdicts == {"may": "success", "may-not": "failure"}
    assert refusal in workshop.log(run, "may-not")
    assert "hush-hush" not in workshop.log(run, "may")


def test_an_attestation_is_found_by_its_digest(workshop: Workshop) -> None:
    step = ATTEST.replace("DIGEST", "1" * 64)
    workshop.push("main", "ci: try", **{".github__workflows__try_yml": TRY.replace("STEP", step)})
    workshop.finished()
    found = workshop.ada.ask("GET", f"/repos/Acme/rover/attestations/sha256:{'1' * 64}")
    assert len(found["attestations"]) == 1


TOKEN = """\
on: {push: {branches: [main]}}
permissions: {}
jobs:
  get:
    runs-on: self-hosted
    steps:
      - id: app
        uses: actions/create-github-app-token@v3
        with: {client-id: "${{ vars.CLIENT }}", private-key: "${{ secrets.KEY }}", permission-contents: LEVEL}
      - run: >-
          curl -fsS -o /dev/null -w "%{http_code}" -H "Authorization: Bearer ${{ steps.app.outputs.token }}"
          -d '{"ref": "refs/heads/made", "sha": "${{ github.sha }}"}'
          $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/git/refs
"""


@pytest.mark.parametrize(("level", "verdict"), [("write", "success"), ("read", "failure")])
def test_an_apps_token_may_what_it_was_asked_for(workshop: Workshop, level: str, verdict: str) -> None:
    client, key = workshop.hub.add_app("helper", "Acme", {"contents": "write"})
    workshop.runner.settings.variables["CLIENT"] = client
    workshop.runner.settings.secrets["KEY"] = key
    workshop.push("main", "ci: try", **{".github__workflows__try_yml": TOKEN.replace("LEVEL", level)})
    (run,) = workshop.finished()
    result = run.jobs["get"].result
    assert result
    assert result.verdict == verdict
    log = workshop.log(run, "get")
    assert "PRIVATE KEY" not in log
    assert "ghs_" not in log


CHECK_OUT = """\
on: push
permissions: {contents: read}
jobs:
  look:
    runs-on: self-hosted
    steps:
      - uses: actions/checkout@v5
        with: {WITH}
      - run: >-
          echo "commits=$(git rev-list --count HEAD) tags=$(git tag | wc -l)
          kept=$(git config --get-regexp extraheader | wc -l)"
"""


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", "commits=1 tags=0 kept=1"),
        ("persist-credentials: false", "commits=1 tags=0 kept=0"),
        ("fetch-depth: 0", "commits=2 tags=1 kept=1"),
        ("fetch-depth: 0, filter: 'tree:0', persist-credentials: false", "commits=2 tags=1 kept=0"),
    ],
)
def test_a_checkout_is_as_deep_as_it_is_told(workshop: Workshop, given: str, found: str) -> None:
    sha = workshop.push("main", "feat: begin", **{"a.txt": "a"})
    workshop.ada.ask("POST", "/repos/Acme/rover/git/refs", {"ref": "refs/tags/1.0.0", "sha": sha})
    workshop.push("main", "ci: look", **{".github__workflows__look_yml": CHECK_OUT.replace("WITH", given)})
    run = workshop.finished()[-1]
    assert found in workshop.log(run, "look")
