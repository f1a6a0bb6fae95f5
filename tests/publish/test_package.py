"""`rnd release package`: from a commit to a package index, by digest, in any number of runs."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd_rehearsal.package_index import USER, PackageIndex, serve
from tests.helpers.repository import PACKAGE, SDIST, WHEEL, digests
from tests.helpers.workflows import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.repository import Repository


def test_wheel_and_source_distribution_are_published_once(
    package: Repository, index: PackageIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(PACKAGE) == 0
    said = capsys.readouterr()
    assert digests(said.out) == index.content()
    assert set(index.content()) == {WHEEL, SDIST}
    assert said.err.count(": done (") == 2

    assert cli.main(PACKAGE) == 0
    said = capsys.readouterr()
    assert digests(said.out) == index.content()
    assert said.err.count(": nothing to do (") == 2
    assert index.count("POST") == 2
    assert package.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("package")
def test_the_wheel_alone(index: PackageIndex) -> None:
    assert cli.main([*PACKAGE, "--wheel"]) == 0
    assert set(index.content()) == {WHEEL}


@pytest.mark.usefixtures("package")
def test_it_can_be_built_and_no_more(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pull request from a fork has no credentials, and needs none for this."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert cli.main([*PACKAGE, "--wheel", "--only-build"]) == 0
    (name,) = digests(capsys.readouterr().out)
    assert name == WHEEL
    assert not index.requests
    assert not index.codeartifact.calls


@pytest.mark.usefixtures("package")
def test_what_later_steps_of_a_workflow_need(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert cli.main([*PACKAGE, "--wheel", "--github-output", "--plan"]) == 0
    assert not (tmp_path / "output").exists()
    assert cli.main([*PACKAGE, "--wheel", "--github-output"]) == 0
    said = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert said == {"version": "0.4.1", "wheel": WHEEL, "sha256": index.content()[WHEEL]}
    assert set(said) == OUTPUTS["release package"]


@pytest.mark.usefixtures("package")
def test_a_plan_changes_nothing(index: PackageIndex, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*PACKAGE, "--plan"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Plan: publish acme-demo 0.4.1 to {index.url}. Nothing has been changed.\n")
    assert "  • Upload the wheel (it is not there)\n" in said
    assert index.content() == {}
    assert index.count("POST") == 0
    assert cli.main([*PACKAGE, "--wheel", "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main([*PACKAGE, "--plan"]) == 0
    said = capsys.readouterr().out
    assert f"  • Upload the wheel ({WHEEL}, sha256:{index.content()[WHEEL][:12]}… is there, to be compared" in said
    assert "  • Upload the sdist (it is not there)\n" in said
    assert cli.main([*PACKAGE, "--plan", "--only-build"]) == 0
    assert "Upload" not in capsys.readouterr().out


@pytest.mark.usefixtures("index")
def test_a_plan_runs_no_code_of_the_repository(package: Repository) -> None:
    (package.path / "backend.py").write_text("import pathlib\npathlib.Path('executed').touch()\n")
    text = (package.path / "pyproject.toml").read_text().partition("[build-system]")[0]
    text += '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (package.path / "pyproject.toml").write_text(text)
    for options in ((), ("--only-build",), ("--json",)):
        assert cli.main([*PACKAGE, "--plan", *options]) == 0
    assert not (package.path / "executed").exists()
    assert cli.main(PACKAGE) == 1
    assert (package.path / "executed").exists()


@pytest.mark.usefixtures("package")
def test_as_data(index: PackageIndex, capsys: pytest.CaptureFixture[str]) -> None:
    results = []
    for options in (["--plan"], [], [], ["--dry-run"]):
        assert cli.main([*PACKAGE, "--json", *options]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        document = json.loads(said.out)
        results.append([(step["key"], step["result"]) for step in document["steps"]])
        assert (document["package"], document["version"]) == ("acme-demo", "0.4.1")
        if not options:
            assert {file["name"]: file["sha256"] for file in document["files"]} == index.content()
    plan = [("build", "needed"), ("upload-wheel", "needed"), ("upload-sdist", "needed")]
    applied, again = ([("upload-wheel", word), ("upload-sdist", word)] for word in ("applied", "done"))
    assert results == [plan, applied, again, plan]


def test_another_clone_of_the_same_commit_makes_the_same_bytes(
    package: Repository, index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(PACKAGE) == 0
    before = index.content()
    package.git("clone", "--quiet", package.path.as_uri(), str(tmp_path / "clone"))
    for path in (tmp_path / "clone").rglob("*.py"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    monkeypatch.chdir(tmp_path / "clone")
    assert cli.main(PACKAGE) == 0
    assert index.content() == before
    assert index.count("POST") == 2


def test_other_bytes_under_one_version_are_refused(
    package: Repository, index: PackageIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(PACKAGE) == 0
    before = index.content()
    (package.path / "src" / "demo" / "__init__.py").write_text('"""Another demonstration."""\n')
    capsys.readouterr()
    for options in ([], ["--wheel"]):
        assert cli.main([*PACKAGE, *options]) == 1
        said = capsys.readouterr().err
        assert f"error[digest-mismatch]: {WHEEL} is sha256:{before[WHEEL]} on {index.url}simple/, and sha256:" in said
    assert index.content() == before


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("there", [WHEEL, SDIST])
def test_nothing_is_uploaded_beside_a_file_with_other_bytes(
    index: PackageIndex, capsys: pytest.CaptureFixture[str], there: str
) -> None:
    (index.folder / there).write_bytes(b"something else")
    other = hashlib.sha256(b"something else").hexdigest()
    assert cli.main(PACKAGE) == 1
    assert f"{there} is sha256:{other} on " in capsys.readouterr().err
    assert index.content() == {there: other}


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("missing", [WHEEL, SDIST])
def test_only_what_is_missing_is_uploaded(index: PackageIndex, missing: str) -> None:
    assert cli.main(PACKAGE) == 0
    before = index.content()
    (index.folder / missing).unlink()
    assert cli.main(PACKAGE) == 0
    assert index.content() == before
    assert index.count("POST") == 3


@pytest.mark.usefixtures("package", "index")
def test_an_index_that_names_no_sha256_is_asked_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(tmp_path / "without", "--hash-algo", "md5") as index:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CODEARTIFACT", index.url.rstrip("/"))
        assert cli.main(PACKAGE) == 0
        assert cli.main(PACKAGE) == 0
        assert index.count("POST") == 2
        (index.folder / WHEEL).write_bytes(b"something else")
        assert cli.main(PACKAGE) == 1


@pytest.mark.usefixtures("package")
def test_any_other_index_with_credentials_from_the_environment(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setenv("UV_PUBLISH_USERNAME", USER)
    monkeypatch.setenv("UV_PUBLISH_PASSWORD", "wrong")
    assert cli.main([*PACKAGE, "--publish-url", index.url]) == 1
    assert "error[index-refused]" in capsys.readouterr().err
    monkeypatch.setenv("UV_PUBLISH_PASSWORD", index.token)
    assert cli.main([*PACKAGE, "--publish-url", index.url]) == 0
    monkeypatch.setenv("UV_PUBLISH_URL", index.url)
    monkeypatch.setenv("UV_PUBLISH_CHECK_URL", f"{index.url}simple")
    assert cli.main(PACKAGE) == 0
    assert index.count("POST") == 2
    assert index.codeartifact.calls == []


@pytest.mark.usefixtures("package")
def test_credentials_in_an_address_are_refused_and_not_repeated(
    index: PackageIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*PACKAGE, "--publish-url", index.index_url]) == 2
    said = capsys.readouterr().err
    assert "error[usage]: The address of the index on 127.0.0.1 holds credentials" in said
    assert index.token not in said


@pytest.mark.usefixtures("package", "index")
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert cli.main(PACKAGE) == 1
    said = capsys.readouterr().err
    assert "error[extra-missing]: The extra `release` of rnd is not installed: boto3 is missing." in said
    assert "rnd-template[release]" in said


def test_outside_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(PACKAGE) == 2
    assert "error[not-a-repository]" in capsys.readouterr().err


def test_without_a_commit(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository.path)
    assert cli.main(PACKAGE) == 2
    assert "There is no commit yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--built", "wheel"], ["--sha256", "0"], ["--built", "wheel", "--sha256", "0", "--only-build"]]
)
@pytest.mark.usefixtures("package", "index")
def test_options_that_do_not_go_together(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*PACKAGE, *options]) == 2
    assert "--built" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["package", "--wheel"], ["image"]])
@pytest.mark.usefixtures("package")
def test_a_branch_publishes_no_release(
    command: list[str], index: PackageIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a job of `main` says whose workflows are those of an earlier version of the template."""
    assert cli.main(["release", *command, "--identity", "development"]) == 2
    said = capsys.readouterr().err
    assert "0.4.1 is a release, which the identity of branches cannot publish" in said
    assert "run `rnd update`" in said
    assert not index.requests
