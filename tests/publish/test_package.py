"""`rnd release package`: from a commit to a package index, by digest, in any number of runs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd_rehearsal.package_index import USER, PackageIndex, serve
from tests.helpers.git import git
from tests.helpers.template import asking_nothing, copy_template
from tests.helpers.workflows import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.repository import Repository

PACKAGE = ["release", "package"]
WHEEL = "acme_demo-0.4.1-py3-none-any.whl"
SDIST = "acme_demo-0.4.1.tar.gz"


def digests(said: str) -> dict[str, str]:
    """Return what the command says that it published."""
    return {name: digest.removeprefix("sha256:") for digest, name in map(str.split, said.splitlines())}


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
