"""What can go wrong on the way to an index, really done: afterwards one more run completes."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd_rehearsal.package_index import CUT, CUT_LATE, Fault, PackageIndex
from rnd_rehearsal.python_programs import Program
from tests.helpers.repository import PACKAGE, SDIST, WHEEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.repository import Repository

pytestmark = pytest.mark.usefixtures("package")

ATTEMPTS = 4


@pytest.fixture
def built(package: Repository, tmp_path: Path) -> dict[str, Path]:
    """The files that the commit makes, by name."""
    time = package.git("log", "-1", "--format=%ct")
    command = ["uv", "build", "--quiet", "--out-dir", str(tmp_path / "built")]
    subprocess.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": time}, check=True)
    return {name: tmp_path / "built" / name for name in (WHEEL, SDIST)}


@pytest.fixture
def assert_complete(index: PackageIndex, built: dict[str, Path]) -> Callable[[], None]:
    """A check that one more run completes, and the one after finds nothing to do; each file is there once."""

    def check() -> None:
        assert cli.main(PACKAGE) == 0
        assert set(index.content()) == {WHEEL, SDIST}
        for name, path in built.items():
            assert (index.folder / name).read_bytes() == path.read_bytes()
        uploads = index.count("POST")
        assert cli.main(PACKAGE) == 0
        assert index.count("POST") == uploads

    return check


@pytest.mark.parametrize("status", [400, 401, 403, 413])
@pytest.mark.parametrize("before", [0, 1])
def test_an_upload_is_refused(
    index: PackageIndex,
    assert_complete: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
    status: int,
    before: int,
) -> None:
    index.uploads = iter([*[None] * before, Fault(status)])
    assert cli.main(PACKAGE) == 1
    said = capsys.readouterr().err
    assert f"error[index-refused]: Upload of {(WHEEL, SDIST)[before]} failed: " in said
    assert str(status) in said
    assert index.count("POST") == before + 1
    assert_complete()


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize(
    "fault",
    [Fault(409), Fault(429), Fault(500), Fault(503), CUT, Fault(500, late=True), CUT_LATE, Fault(403, late=True)],
)
def test_an_upload_fails_by_chance(
    index: PackageIndex,
    assert_complete: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
    fault: Fault,
    before: int,
) -> None:
    """It is tried again, and said so; unless the index had taken the file: then that is all there is to do."""
    index.uploads = iter([*[None] * before, fault])
    assert cli.main(PACKAGE) == 0
    assert index.count("POST") == (2 if fault.late else 3)
    assert capsys.readouterr().err.count("Trying again in 0 s (1 of 3).") == (0 if fault.late else 1)
    assert_complete()


@pytest.mark.parametrize("fault", [Fault(409), Fault(503), CUT])
def test_an_upload_fails_time_after_time(
    index: PackageIndex, assert_complete: Callable[[], None], capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    index.uploads = itertools.chain([None], [fault] * ATTEMPTS)
    assert cli.main(PACKAGE) == 1
    said = capsys.readouterr().err
    assert f"error[index-unavailable]: Upload of {SDIST} failed: " in said
    assert said.count("Trying again") == ATTEMPTS - 1
    assert set(index.content()) == {WHEEL}
    assert_complete()


@pytest.mark.parametrize("fault", [Fault(503), CUT])
@pytest.mark.parametrize("before", range(6))
def test_looking_fails_by_chance(
    index: PackageIndex, assert_complete: Callable[[], None], fault: Fault, before: int
) -> None:
    index.reads = iter([*[None] * before, fault])
    assert cli.main(PACKAGE) == 0
    assert index.count("POST") == 2
    assert_complete()


def test_looking_fails_time_after_time(
    index: PackageIndex, assert_complete: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    index.reads = iter([CUT] * ATTEMPTS)
    assert cli.main([*PACKAGE, "--quiet"]) == 1
    said = capsys.readouterr().err
    assert f"error[index-unavailable]: {index.url}simple/acme-demo/ cannot be read" in said
    assert "Trying again" not in said
    assert index.content() == {}
    assert_complete()


@pytest.mark.parametrize("status", [401, 403])
def test_looking_is_refused(
    index: PackageIndex, assert_complete: Callable[[], None], capsys: pytest.CaptureFixture[str], status: int
) -> None:
    index.reads = iter([Fault(status)])
    assert cli.main(PACKAGE) == 1
    assert "error[index-refused]" in capsys.readouterr().err
    assert index.count("POST") == 0
    assert_complete()


def test_what_an_index_took_is_not_uploaded_again_because_it_lists_it_late(
    index: PackageIndex, assert_complete: Callable[[], None]
) -> None:
    looks = [None, Fault(404), Fault(404)]
    index.reads = iter(looks)
    assert cli.main([*PACKAGE, "--wheel"]) == 0
    assert index.count("POST") == 1
    assert_complete()


@pytest.mark.parametrize("name", [WHEEL, SDIST])
def test_somebody_else_is_faster_with_the_same_bytes(
    index: PackageIndex, built: dict[str, Path], assert_complete: Callable[[], None], name: str
) -> None:
    """The index itself answers 409 then, whatever the bytes; CodeArtifact does only to other ones."""
    publish = partial(shutil.copy, built[name], index.folder / name)
    index.uploads = iter([*[None] * (name == SDIST), Fault(inject=publish, mild=True)])
    assert cli.main(PACKAGE) == 0
    assert_complete()


@pytest.mark.parametrize("name", [WHEEL, SDIST])
def test_somebody_else_is_faster_with_other_bytes(
    index: PackageIndex, built: dict[str, Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    del built
    publish = partial((index.folder / name).write_bytes, b"something else")
    index.uploads = iter([*[None] * (name == SDIST), Fault(inject=publish, mild=True)])
    assert cli.main(PACKAGE) == 1
    said = capsys.readouterr().err
    assert len(set(re.findall(r"sha256:[0-9a-f]{64}", said))) == 2
    assert f"error[digest-mismatch]: {name} is sha256:" in said
    assert (index.folder / name).read_bytes() == b"something else"


@pytest.mark.parametrize("before", [0, 1], ids=["first upload", "second upload"])
@pytest.mark.parametrize("moment", ["before the index acts", "after it", "while uv goes on by itself"])
def test_killed_during_an_upload(
    index: PackageIndex, assert_complete: Callable[[], None], before: int, moment: str
) -> None:
    alone = moment == "while uv goes on by itself"
    kill = os.kill if alone else os.killpg
    fault = Fault(inject=lambda: kill(running.pid, signal.SIGKILL), late=moment == "after it", mild=alone)
    index.uploads = iter([*[None] * before, fault])
    with Program("-m", "rnd", *PACKAGE) as running:
        assert fault.over.wait(300)
        running.wait()
    assert running.returncode == -signal.SIGKILL
    assert index.count("POST") == before + 1
    assert len(index.content()) == before + (moment != "before the index acts")
    assert_complete()


def test_interrupted_during_an_upload(index: PackageIndex, assert_complete: Callable[[], None]) -> None:
    def interrupt() -> None:
        running.terminate()
        running.wait()

    index.uploads = iter([Fault(inject=interrupt)])
    command = [sys.executable, "-m", "rnd", *PACKAGE]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        _, said = running.communicate()
    assert running.returncode == 130
    assert "error[interrupted]" in said
    assert_complete()


def test_no_secret_is_seen_anywhere(
    package: Repository,
    index: PackageIndex,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither in what is said, in arguments, nor in files: not when it works, and not when the index repeats it."""
    place = tmp_path / "temporary"
    for name in ("TMPDIR", "UV_CACHE_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        (place / name).mkdir(parents=True)
        monkeypatch.setenv(name, str(place / name))
    said = b""
    index.uploads = iter([Fault(403), Fault(503), None, CUT])
    for options in (["--plan", "--json"], ["--verbose"], ["--verbose"], ["--json"]):
        ended = subprocess.run([sys.executable, "-m", "rnd", *PACKAGE, *options], capture_output=True, check=False)
        said += ended.stdout + ended.stderr
    monkeypatch.setenv("UV_PUBLISH_TOKEN", index.token)
    command = [sys.executable, "-m", "rnd", *PACKAGE, "--publish-url", index.url, "--verbose"]
    ended = subprocess.run(command, capture_output=True, check=False)
    said += ended.stdout + ended.stderr

    assert b"[hidden]" in said, "the index repeats what it was sent"
    assert b"+ uv publish" in said
    uploads = [line for line in index.arguments if b"publish" in line.split(b"\0")]
    assert uploads, "an upload's command line was seen"
    files = [path for root in (package.path, home, place, index.folder) for path in root.rglob("*") if path.is_file()]
    assert any(path.is_relative_to(index.folder) for path in files)
    for secret in index.secrets:
        assert secret not in said
        assert not [line for line in index.arguments if secret in line]
        assert not [path for path in files if secret in path.read_bytes()]
