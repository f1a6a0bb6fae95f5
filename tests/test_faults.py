"""What a machine can do to `rnd new`: each ends in a clear sentence and a documented code, and nothing is half made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from tests.helpers.machine import ACME, BOTH_TOOLS, ROOT, channel
from tests.helpers.template import TemplateRepository, asking_nothing

if TYPE_CHECKING:
    from pathlib import Path

IN_A_NAMESPACE = ["unshare", "--mount", "--map-root-user"]
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(
        [*IN_A_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    ).returncode
    == 0
)
needs_mounts = pytest.mark.skipif(not CAN_MOUNT, reason="this machine allows no mount namespace")


def arguments(template: TemplateRepository, folder: Path) -> list[str]:
    """Return the command line that makes a repository."""
    return ["new", str(folder), *asking_nothing(template.address)]


def only(tmp_path: Path, *programs: str) -> str:
    """Return a PATH that has only some programs on it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found is not None
        (folder / program).symlink_to(found)
    return str(folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder to make a repository in."""
    place = tmp_path / "place"
    place.mkdir()
    return place


@pytest.mark.parametrize(("missing", "there"), [("git", "uv"), ("uv", "git")])
def test_a_tool_is_missing(
    template: TemplateRepository,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    missing: str,
    there: str,
) -> None:
    monkeypatch.setenv("PATH", only(tmp_path, there))
    monkeypatch.delenv("UV", raising=False)
    assert main(arguments(template, place / "made")) == 1
    said = capfd.readouterr().err
    assert f"error[tool-missing]: {missing} is not installed.\n  Install it" in said
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("known", ["", "[user]\nname = Ada\n", "[user]\nemail = ada@example.com\n"])
def test_git_does_not_know_who_commits(
    template: TemplateRepository, place: Path, home: Path, capfd: pytest.CaptureFixture[str], known: str
) -> None:
    (home / ".gitconfig").write_text(known)
    assert main(arguments(template, place / "made")) == 1
    assert "error[identity-missing]: Git has no name and e-mail address for the first commit." in capfd.readouterr().err
    assert list(place.iterdir()) == []


@BOTH_TOOLS
def test_no_network_and_nothing_cached(
    template: TemplateRepository,
    place: Path,
    tool: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as offline:
        offline.setenv("UV_CACHE_DIR", str(tmp_path / "cold"))
        offline.setenv("UV_OFFLINE", "1")
        if tool == "conda":
            template.use_channel("http://localhost:9/acme")  # where nothing listens
            template.release("2.0.0")
        assert main(arguments(template, place / "made")) == 1
    said = {"uv": "uv lock could not reach the network", "conda": "A channel could not be read: "}[tool]
    assert f"error[packages-unavailable]: {said}" in capfd.readouterr().err
    assert list(place.iterdir()) == []

    if tool == "conda":
        template.use_channel(channel())
        template.release("3.0.0")
    assert main(arguments(template, place / "made")) == 0


@BOTH_TOOLS
def test_a_python_that_cannot_be_had(
    template: TemplateRepository,
    place: Path,
    tool: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(place.parent / "none"))
    (template.folder / "org.yml").write_text(ACME.read_text().replace("3.11", "3.5"))
    if tool == "conda":
        template.use_channel(channel())
    template.release("2.0.0")
    assert main(arguments(template, place / "made")) == 1
    said = {
        "uv": "error[python-unavailable]: Python 3.5 is not on this machine, and uv could not download it",
        "conda": "error[unsolvable]: For linux-aarch64: Cannot solve the request because of: "
        "No candidates were found for python 3.5.*",
    }[tool]
    assert said in capfd.readouterr().err
    assert list(place.iterdir()) == []


def in_a_mount(place: Path, mount: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command where a folder is a file system of its own, which is gone when the command ends."""
    script = f'mount {mount} "$0" && "$@"; code=$?; ls -A "$0" >&2; exit $code'
    return subprocess.run(
        [*IN_A_NAMESPACE, "sh", "-c", script, place, *command], capture_output=True, text=True, check=False
    )


@needs_mounts
@pytest.mark.parametrize(("tool", "size"), [("uv", "16k"), ("uv", "64k"), ("uv", "400k"), ("conda", "3m")])
def test_the_disk_is_full(template: TemplateRepository, place: Path, size: str) -> None:
    command = [sys.executable, "-m", "rnd", *arguments(template, place / "made")]
    ended = in_a_mount(place, f"-t tmpfs -o size={size} tmpfs", command)
    assert ended.returncode == 1
    assert "error[disk-full]: " in ended.stderr
    assert "Free some space, then re-run the command." in ended.stderr


@needs_mounts
def test_the_destination_is_read_only(template: TemplateRepository, place: Path) -> None:
    command = [sys.executable, "-m", "rnd", *arguments(template, place / "made")]
    ended = in_a_mount(place, "-t tmpfs -o ro tmpfs", command)
    assert ended.returncode == 2
    assert f"error[destination-refused]: {place} is not writable: Read-only file system." in ended.stderr
    assert ended.stderr.endswith("Choose another folder.\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('account: "000000000042"', "account: 812634467557", "aws.account is 812634467557"),
        ("region:", "regoin:", "aws.regoin is not a key of org.yml"),
        ("slug: acme", "# slug", "slug is missing"),
        ("slug: acme", "slug: [", "not valid YAML"),
    ],
)
def test_an_organisation_file_that_is_wrong(
    template: TemplateRepository, place: Path, old: str, new: str, said: str
) -> None:
    (template.folder / "org.yml").write_text(ACME.read_text())
    template.edit("org.yml", old, new)
    ended = subprocess.run(
        [sys.executable, "-m", "rnd", *arguments(template, place / "made")],
        env=os.environ | {"PYTHONPATH": str(template.folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "error[organisation-invalid]: " in ended.stderr
    assert "org.yml:" in ended.stderr
    assert said in ended.stderr
    assert list(place.iterdir()) == []


def test_a_shallow_clone_of_the_template_serves_as_well(
    template: TemplateRepository, place: Path, tmp_path: Path
) -> None:
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{template.folder}", tmp_path / "shallow"], check=True
    )
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "rnd",
            "new",
            place / "made",
            "--defaults",
            "--data",
            "project_name=aligner",
            "--data",
            "create_github_repository=false",
            "--quiet",
        ],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "shallow" / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"_src_path: file://{template.folder}\n" in (place / "made" / ".copier-answers.yml").read_text()


def test_the_traceback_is_for_those_who_ask() -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "import rnd.git, rnd.cli, sys; rnd.git.identity = None; sys.exit(rnd.cli.main(['doctor']))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "error[unexpected]: TypeError: 'NoneType' object is not callable." in ended.stderr
    assert "Traceback" not in ended.stderr
