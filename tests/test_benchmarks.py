"""Each benchmark runs: one round, and a page."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import pipeline
from benchmarks.peers import BRACES
from tests.helpers.machine import ROOT, channel
from tests.helpers.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_creation(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert "rendering" in run("benchmarks.creation", "--rounds", "1", "--output", str(page))
    assert "cookiecutter" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_dependency_tools(tmp_path: Path) -> None:
    channel()
    page = tmp_path / "page.md"
    run("benchmarks.dependency_tools", "--rounds", "1", "--output", str(page))
    assert "| start Python |" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_adoption(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    printed = run("benchmarks.adoption", "--rounds", "1", "--output", str(page))
    for name in ("analysis of 5,000 files", "branch without a lock"):
        assert re.search(rf"\| {name} \| \d s \| \d+\.\d\d s \|", printed)
    assert page.read_text(encoding="utf-8") in printed


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """Three releases after the first one: as the commits say, higher than they say, and lower."""
    folder = tmp_path / "clones" / "acme" / "demo"
    folder.mkdir(parents=True)
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=main")
    for message, tag in (
        ("feat: start", "v1.0.0"),
        ("feat: a", "v1.1.0"),
        ("fix: b", "v1.2.0"),
        ("feat: c", "v1.2.1"),
        ("fix: d", "v1.4.0"),
    ):
        repository.commit(message)
        repository.release(tag)
    return tmp_path / "clones"


@pytest.mark.usefixtures("git_of_its_own")
def test_histories(clones: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    wanted = ("--repository", "acme/demo", "--repository", "acme/elsewhere")
    said = run("benchmarks.histories", str(clones), *wanted, "--no-peers", "--output", str(page))
    assert said.strip() == "acme/demo rnd 1/4"
    text = page.read_text(encoding="utf-8")
    assert "| acme/demo | 4 | **1** |" in text
    assert "| minor | 2 | 1 |" in text
    assert "| a minor release released, and no commit asks for it | 1 |" in text
    assert "| a feature, released as a patch | 1 |" in text
    assert "| the release is not one step above the one before | 1 |" in text
    assert "1 were not at hand: acme/elsewhere." in text


@pytest.mark.slow
@pytest.mark.usefixtures("git_of_its_own")
def test_histories_with_peers(clones: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    run("benchmarks.histories", str(clones), "--repository", "acme/demo", "--output", str(page))
    row = next(line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| acme/demo"))
    assert row == "| acme/demo | 4 | **1** | **1** | **1** | **1** |"


def test_braces_are_kept_from_cookiecutter() -> None:
    assert BRACES.findall("${{ inputs.version }} {% if %} {# no #} {plain} }}") == ["{{", "{%", "{#"]


def test_the_page_of_the_pipeline_compares_sums() -> None:
    def measured(fetched: int, pushed: int, seconds: float) -> dict[str, object]:
        traffic = {"fetched": {"PyPI": fetched, "base images": 1_000_000}, "pushed": {"image registry": pushed}}
        job = {
            "job": "image",
            "result": "success",
            "seconds": seconds,
            "spent": {"build": seconds},
            "added": 3,
            **traffic,
        }
        run = {"jobs": [job, {"job": "promote", "result": "skipped"}]}
        runs = [run | {"critical_path": ["image"], "critical_seconds": seconds}] * 2
        return {"machine": "a machine", "commit": "0123456", "runs": runs}

    kept = {"started": {"fetched": {"base images": 500_000}}}
    page = pipeline.page(measured(9_000_000, 2_000_000, 20), measured(1_000_000, 0, 10) | kept)
    assert "| MB fetched, pull request opened | 10.0 | 2.0 | 80 % |" in page
    assert "| … besides base images | 9.0 | 1.0 | 89 % |" in page
    assert "| … on machines just started, one for each job | 10.0 | 2.5 | 75 % |" in page
    assert "| MB that a machine fetches when it starts, once for all its jobs | 0.0 | 0.5 | - |" in page
    assert "| MB of images pushed, another push | 2.0 | 0.0 | 100 % |" in page
    assert "| image | 10.0 | 2.0 | 80 % | 20.0 | 10.0 | 50 % |" in page
    assert "| build | 20.0 | 10.0 | 50 % |" in page
    assert "| … with what the rehearsal adds | 23.0 | 13.0 | 43 % |" in page
