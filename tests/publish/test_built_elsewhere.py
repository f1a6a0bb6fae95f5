"""A wheel that another job built is published as it is, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import cli
from tests.helpers.repository import PACKAGE, WHEEL, digests

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex
    from tests.helpers.repository import Repository


def hand_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Build the wheel into a folder, as one job does, and return the digest that it reports to the next one."""
    assert cli.main([*PACKAGE, "--wheel", "--only-build", "--out-dir", str(folder)]) == 0
    return digests(capsys.readouterr().out)[WHEEL]


@pytest.mark.usefixtures("package")
def test_a_wheel_that_another_job_built_is_published_as_it_is(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hand_over(tmp_path / "wheel", capsys)
    assert not index.requests
    monkeypatch.setattr("rnd.uv.run", lambda *_, **__: pytest.fail("nothing is built"))
    argv = [*PACKAGE, "--built", str(tmp_path / "wheel"), "--sha256", digest]
    assert cli.main(argv) == 0
    assert index.content() == {WHEEL: digest}
    assert cli.main(argv) == 0
    assert index.count("POST") == 1


@pytest.mark.usefixtures("package")
def test_a_wheel_that_is_not_the_one_that_was_built_is_refused(
    index: PackageIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hand_over(tmp_path / "wheel", capsys)
    with (tmp_path / "wheel" / WHEEL).open("ab") as wheel:
        wheel.write(b"more")
    assert cli.main([*PACKAGE, "--built", str(tmp_path / "wheel"), "--sha256", digest]) == 1
    assert f"the job that built it reported sha256:{digest}" in capsys.readouterr().err
    assert not index.requests


@pytest.mark.usefixtures("index")
def test_a_wheel_of_another_package_or_version_is_refused(
    package: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hand_over(tmp_path / "wheel", capsys)
    manifest = package.path / "pyproject.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("0.4.1", "0.4.2"), encoding="utf-8")
    assert cli.main([*PACKAGE, "--built", str(tmp_path / "wheel"), "--sha256", digest]) == 1
    assert "its version is 0.4.1, and pyproject.toml has 0.4.2" in capsys.readouterr().err


@pytest.mark.usefixtures("package", "index")
def test_there_must_be_one_wheel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = hand_over(tmp_path / "wheel", capsys)
    (tmp_path / "wheel" / WHEEL.replace("py3", "1-py3")).write_bytes(b"")
    assert cli.main([*PACKAGE, "--built", str(tmp_path / "wheel"), "--sha256", digest]) == 1
    assert "holds 2 files *.whl, where one is wanted" in capsys.readouterr().err
