"""Packages that `rnd release package` publishes can be installed, by pip and by uv."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from tests.helpers.git import git
from tests.helpers.repository import PACKAGE
from tests.helpers.template import asking_nothing, copy_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex
    from tests.helpers.repository import Repository


def install_with_pip(index: PackageIndex, requirement: str, target: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "install",
        "--no-cache-dir",
        "--quiet",
        "--target",
        str(target),
    ]
    subprocess.run([*command, "--index-url", index.index_url, requirement], check=True)


def install_with_uv(index: PackageIndex, requirement: str, target: Path) -> None:
    command = ["uv", "pip", "install", "--no-cache", "--quiet", "--target", str(target)]
    subprocess.run([*command, "--index-url", index.index_url, requirement], check=True)


@pytest.mark.parametrize("install", [install_with_pip, install_with_uv])
def test_the_build_of_a_pull_request_and_then_the_release_can_be_installed(
    package: Repository,
    index: PackageIndex,
    tmp_path: Path,
    install: Callable[[PackageIndex, str, Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    head = package.commit("feat: a")
    assert cli.main(["version", "set", "--dev"]) == 0
    development = capsys.readouterr().out.strip()
    assert development.startswith(f"0.5.0.dev0+{head[:7]}")
    assert cli.main(PACKAGE) == 0
    install(index, f"acme-demo=={development}", tmp_path / "development")
    assert [path.name for path in (tmp_path / "development").glob("*.dist-info")] == [
        f"acme_demo-{development}.dist-info"
    ]

    assert cli.main(["version", "set"]) == 0
    package.git("add", "--all")
    package.commit("chore(release): set version to 0.5.0")
    assert cli.main(PACKAGE) == 0
    install(index, "acme-demo", tmp_path / "release")
    assert (tmp_path / "release" / "acme_demo-0.5.0.dist-info").is_dir()
    assert len(index.content()) == 4


@pytest.mark.slow
def test_a_generated_repository_is_published(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    template = copy_template(tmp_path / "rnd-template")
    folder = tmp_path / "aligner"
    assert cli.main(["new", str(folder), "--quiet", *asking_nothing(template.address)]) == 0
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert cli.main(["version", "set", "--dev", "--quiet"]) == 0
    development = capsys.readouterr().out.strip()
    for _ in range(2):
        assert cli.main(PACKAGE) == 0
    git(folder, "restore", "pyproject.toml", "uv.lock")
    assert cli.main(PACKAGE) == 0
    for version in (development, "0.1.0"):
        assert f"synthesia_rnd_aligner-{version}-py3-none-any.whl" in index.content()
        install_with_uv(index, f"synthesia-rnd-aligner=={version}", tmp_path / version)
        assert (tmp_path / version / "aligner" / "py.typed").exists()
    assert len(index.content()) == index.count("POST") == 4
