"""The processes that render: no token, no home, nothing outside the folder; one that dies fails its repository only."""

from __future__ import annotations

import errno
import json
import netrc
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd.commands.fleet.update import index_access
from rnd.errors import AwsRefused
from rnd.fleet.central import Remote
from rnd.fleet.update import mirror, workers
from rnd.fleet.update.render import Job, render
from rnd.organisation import load_organisation
from rnd.providers.provider import IndexAccess
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller

ANSWERS = (
    "_commit: 1.0.0\n_src_path: git@github.com:o/rnd-template.git\nproject_name: demo\nauthor: ''\n"
    "python_version: '3.11'\n"
)


def look_around(folder: Path, _tag: str) -> None:
    """Write down what the process has."""
    (folder / "seen.json").write_text(json.dumps({**os.environ}), encoding="utf-8")


def die(folder: Path, _tag: str) -> None:
    """End the process for the second repository."""
    if folder.name == "1":
        os.kill(os.getpid(), signal.SIGKILL)


def fill(_folder: Path, _tag: str) -> None:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, "No space left on device", "notes.txt")


def job(folder: Path, update: Callable[[Path, str], None], **links: str) -> Job:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / ".copier-answers.yml").write_text(ANSWERS, encoding="utf-8")
    (folder / "notes.txt").write_text("x\n", encoding="utf-8")
    for name, target in links.items():
        (folder / name).symlink_to(target)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    return Job(folder, git(folder, "rev-parse", "HEAD"), "1.1.0", "1.1.0", folder.parent / "mirror", update)


@pytest.mark.slow
def test_no_secret_reaches_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "UV_INDEX_PRIVATE_PASSWORD", "RND_PUSH_TOKEN"):
        monkeypatch.setenv(name, "s3cret")
    (result,) = workers.run([job(tmp_path / "work" / "0", look_around)], tmp_path / "home", 1)
    assert result.error is None
    seen = json.loads(git(tmp_path / "work" / "0", "show", f"{result.head}:seen.json"))
    assert "s3cret" not in seen.values()
    assert seen["HOME"] == str(tmp_path / "home")
    assert seen["GIT_ALLOW_PROTOCOL"] == "file"
    assert os.environ["GH_TOKEN"] == "s3cret"


@pytest.mark.slow
def test_a_process_that_dies_fails_its_repository_only(tmp_path: Path) -> None:
    jobs = [job(tmp_path / "work" / str(number), die) for number in range(3)]
    results = workers.run(jobs, tmp_path / "home", 2)
    assert [one.error for one in results] == [None, "the process that rendered it died", None]


@pytest.mark.parametrize("target", ["/etc", "../..", ".git/hooks", "a/../../../x"])
def test_a_link_that_leads_out_of_the_repository(tmp_path: Path, target: str) -> None:
    result = render(job(tmp_path / "work" / "0", look_around, docs=target))
    assert result.error == "the symbolic link docs leads out of the repository"
    assert render(job(tmp_path / "work" / "1", look_around, readme="notes.txt")).error is None


def test_a_full_disk(tmp_path: Path) -> None:
    result = render(job(tmp_path / "work" / "0", fill))
    assert (result.code, result.error) == ("disk-full", "No space left on device: notes.txt")


def test_answers_that_name_no_template(tmp_path: Path) -> None:
    one = job(tmp_path / "work" / "0", look_around)
    (one.folder / ".copier-answers.yml").write_text(ANSWERS.replace("_src_path: ", "_src_path: >-\n  "))
    git(one.folder, "commit", "--quiet", "--all", "--message", "fix: mine")
    assert render(one).error is None  # the commit that the job names counts, not the work tree
    two = Job(one.folder, git(one.folder, "rev-parse", "main"), "1.1.0", "1.1.0", one.mirror, look_around)
    assert "does not name its template" in str(render(two).error) or render(two).error is None


def test_the_copy_of_the_template_has_each_release_as_one_commit(tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.mkdir()
    git(template, "init", "--quiet", "--initial-branch=main")
    for number in range(6):
        (template / "a.txt").write_text(f"{number}\n", encoding="utf-8")
        git(template, "add", "--all")
        git(template, "commit", "--quiet", "--message", f"feat: {number}")
        if number % 2:
            git(template, "tag", f"1.{number}.0")
    git(template, "tag", "other")
    mirror.fetch_template(Remote(str(template), None, "https://github.com"), tmp_path / "whole")
    mirror.make_slim(tmp_path / "whole", tmp_path / "slim")
    assert git(tmp_path / "slim", "tag").split() == ["1.1.0", "1.3.0", "1.5.0"]
    assert git(tmp_path / "slim", "rev-list", "--count", "main") == "3"
    assert git(tmp_path / "slim", "show", "1.3.0:a.txt") == "3"
    assert git(tmp_path / "slim", "describe", "--tags", "1.3.0") == "1.3.0"
    git(tmp_path / "slim", "fsck", "--strict")


LOCK = '[[package]]\nname = "tools"\nversion = "1.0"\nsource = { registry = "https://packages.example.com/simple/" }\n'


def test_only_a_lock_file_with_private_packages_needs_a_password(tmp_path: Path) -> None:
    given = job(tmp_path / "0", look_around)
    assert not workers.locks_private(given, lambda _: True)
    (given.folder / "uv.lock").write_text(LOCK, encoding="utf-8")
    git(given.folder, "add", "--all")
    git(given.folder, "commit", "--quiet", "--message", "feat: lock")
    given = replace(given, main=git(given.folder, "rev-parse", "HEAD"))
    assert workers.locks_private(given, lambda address: "packages.example.com" in address)
    assert not workers.locks_private(given, lambda _: False)


def test_the_password_of_the_index_goes_to_its_host_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository names its indexes as it likes, so no variable of uv has the password."""
    monkeypatch.setenv("UV_INDEX_ACME_PASSWORD", "s3cret")
    home = tmp_path / "home"
    assert workers.environment(home)["NETRC"] == os.devnull
    workers.allow_reading(home, "packages.example.com", "aws", "s3cret")
    found = workers.environment(home)
    assert "s3cret" not in found.values()
    path = Path(found["NETRC"])
    assert path.stat().st_mode & 0o777 == 0o600
    read = netrc.netrc(path)
    assert read.authenticators("packages.example.com") == ("aws", "", "s3cret")
    assert read.authenticators("packages.example.com.evil.example") is None


class Index:
    """A package index that gives one password, or refuses."""

    def __init__(self, *, refuses: bool) -> None:
        self.refuses = refuses

    def sign_in(self, *, reading: bool) -> IndexAccess:
        assert reading
        if self.refuses:
            raise AwsRefused("There are no credentials.")
        return IndexAccess("https://packages.example.com/", "https://packages.example.com/simple/", "aws", "s3cret")


@pytest.mark.parametrize("job", [True, False])
def test_the_index_is_read_as_the_user_or_as_the_identity_that_can_only_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], job: bool
) -> None:
    callers: list[Caller] = []

    def package_index(_: Organisation, caller: Caller) -> Index:
        callers.append(caller)
        return Index(refuses=len(callers) > 1)

    monkeypatch.setattr("rnd.providers.package_index", package_index)
    monkeypatch.setenv("GITHUB_ACTIONS", str(job).lower())
    access = index_access(load_organisation())
    assert access is not None
    assert access.password == "s3cret"
    assert [caller.identity for caller in callers] == ["reading" if job else None]
    assert ("::add-mask::s3cret" in capsys.readouterr().out) is job
    assert index_access(load_organisation()) is None
    assert "private packages cannot be updated: There are no credentials." in capsys.readouterr().err
