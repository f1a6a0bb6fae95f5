"""The environment that conda makes: what is stale, broken or wrong is said, and mended by the next run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path  # noqa: TC003 - imported from here by a process that is killed

import pytest

from rnd.answers import Project
from rnd.environments.conda.environment import CondaEnvironment
from rnd.environments.conda.lockfile import LOCK, read_lock
from rnd.environments.conda.rattler import this_platform
from rnd.environments.errors import DependencyMissing, EnvironmentInvalid, LockInvalid, Unsolvable
from rnd.errors import PackagesUnavailable, RndError
from rnd.plan import Plan
from rnd.progress import Quiet
from tests.helpers.machine import PYTHON, ROOT, channel, isolate

PYPROJECT = """\
[project]
name = "tiny"
version = "0.1.0"
requires-python = ">=3.8"
dependencies = []

[build-system]
requires = ["uv_build>=0.9,<0.14"]
build-backend = "uv_build"
"""
ENVIRONMENT = """\
channels: [{channel}]
platforms: [{platform}]
dependencies:
  - python {version}.*
  - pip
  - uv-build
  - greeting
  - pip: [-e .]
"""


def make(folder: Path) -> CondaEnvironment:
    """Write a project whose environment holds little more than Python."""
    (folder / "src" / "tiny").mkdir(parents=True)
    (folder / "src" / "tiny" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    text = ENVIRONMENT.format(channel=channel().as_uri(), platform=this_platform(), version=PYTHON)
    (folder / "environment.yml").write_text(text)
    return CondaEnvironment(Project(folder, "tiny", "Ada", "conda", PYTHON, "somewhere", "1.0.0"))


@pytest.fixture
def tiny(tmp_path: Path) -> CondaEnvironment:
    """A project without an environment."""
    return make(tmp_path / "tiny")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CondaEnvironment:
    """A project with its environment, made once, and a copy of it."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        isolate(tmp_path_factory.mktemp("home"), patch)
        environment = make(place / "tiny")
        assert apply(environment) == ["applied", "applied"]
    subprocess.run(["cp", "-a", place / "tiny", place / "copy"], check=True)
    return environment


@pytest.fixture
def installed(made: CondaEnvironment) -> CondaEnvironment:
    """A project with its environment, as and where it was made: programs of an environment have its path."""
    folder = made.project.folder
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "-a", folder.with_name("copy"), folder], check=True)
    return made


def apply(environment: CondaEnvironment) -> list[str]:
    """Lock and install, and return what became of the two steps."""
    plan = Plan("a tiny environment", (environment.lock_step(), environment.install_step()))
    return [outcome.result for outcome in plan.apply(Quiet())]


def lock(environment: CondaEnvironment) -> str:
    """Lock only, and return what became of that step."""
    (outcome,) = Plan("a lock", (environment.lock_step(),)).apply(Quiet())
    return outcome.result


def edit(environment: CondaEnvironment, name: str, old: str, new: str) -> None:
    """Replace text in a file of the project."""
    path = environment.project.folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def locked(environment: CondaEnvironment) -> dict[str, str]:
    """Return the version of each locked package."""
    return {package.name: package.version for package in read_lock(environment.project.folder).packages}


def lacks(environment: CondaEnvironment) -> str:
    """Return what the step that installs says of the environment."""
    state = environment.install_step().observe()
    assert not state.done
    return state.evidence


def test_lock_and_install_once(installed: CondaEnvironment) -> None:
    """That the first run applies both is checked where it is made."""
    assert apply(installed) == ["done", "done"]
    said = installed.attempt("python", "-c", "import sys, tiny; print(sys.prefix, sys.version)").stdout
    assert said.startswith(f"{installed.prefix} {PYTHON}.")


def test_programs_run_as_in_an_activated_environment(tiny: CondaEnvironment) -> None:
    scripts = tiny.prefix / "etc" / "conda" / "activate.d"
    scripts.mkdir(parents=True)
    (scripts / "one.sh").write_text("export ACTIVATED=yes")
    assert tiny.attempt("sh", "-c", "echo $ACTIVATED $CONDA_PREFIX").stdout == f"yes {tiny.prefix}\n"
    (scripts / "one.sh").unlink()
    assert tiny.attempt("sh", "-c", "echo $ACTIVATED").stdout == "\n"


def test_a_new_request_makes_both_needed_and_leaves_the_rest_as_it_was(tiny: CondaEnvironment) -> None:
    edit(tiny, "environment.yml", "- greeting", "- activated\n  - greeting <2")
    apply(tiny)
    edit(tiny, "environment.yml", "- activated\n  - greeting <2", "- greeting\n  - iniconfig")
    assert tiny.lock_step().observe().evidence == f"{LOCK} is out of date with environment.yml"
    before = locked(tiny)
    assert apply(tiny) == ["applied", "applied"]
    assert before["greeting"] == "1.0"
    assert set(locked(tiny).items()) ^ set(before.items()) == {
        ("iniconfig", locked(tiny)["iniconfig"]),
        ("activated", "1.0"),
    }
    assert tiny.attempt("python", "-c", "import iniconfig").returncode == 0
    assert not (tiny.prefix / "etc" / "conda" / "activate.d" / "activated.sh").exists()


def test_a_comment_locks_anew_and_installs_nothing(installed: CondaEnvironment) -> None:
    edit(installed, "environment.yml", "- greeting", "- greeting # for visitors")
    assert apply(installed) == ["applied", "done"]


def test_a_new_version_reinstalls_the_package_alone(installed: CondaEnvironment) -> None:
    record = next((installed.prefix / "conda-meta").glob("python-3*.json"))
    before = unchanged(record)
    edit(installed, "pyproject.toml", "0.1.0", "0.2.0")
    assert lacks(installed) == "pyproject.toml has changed since the installation"
    assert apply(installed) == ["done", "applied"]
    asked = "from importlib.metadata import version; print(version('tiny'))"
    assert installed.attempt("python", "-c", asked).stdout == "0.2.0\n"
    assert unchanged(record) == before


def unchanged(file: Path) -> tuple[int, ...]:
    """Return what each change of a file changes, and reading it does not."""
    state = file.stat()
    return (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def test_a_folder_that_was_moved(installed: CondaEnvironment) -> None:
    moved = installed.project.folder.rename(installed.project.folder.with_name("moved"))
    there = CondaEnvironment(Project(moved, *list(vars(installed.project).values())[1:]))
    assert lacks(there) == "the project itself is not in .conda"
    assert apply(there) == ["done", "applied"]
    assert subprocess.run([moved / ".conda" / "bin" / "pip", "--version"], check=False).returncode == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("the interpreter missing", "python is incomplete"),
        ("the package not installed", "the project itself is not in .conda"),
        ("the package half installed", "the project itself is incomplete"),
    ],
)
def test_an_environment_that_is_not_whole(installed: CondaEnvironment, fault: str, said: str) -> None:
    (metadata,) = installed.prefix.glob("lib/python*/site-packages/tiny-*.dist-info")
    match fault:
        case "the interpreter missing":
            (installed.prefix / "bin" / "python").unlink()
        case "the package not installed":
            shutil.rmtree(metadata)
        case "the package half installed":
            (metadata / "RECORD").write_text("")
    assert lacks(installed) == said
    assert apply(installed) == ["done", "applied"]
    assert apply(installed) == ["done", "done"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("channels: [", "channels: [file:///no/such/channel] #", PackagesUnavailable),
        ("- greeting", "- greeting >=7", Unsolvable),
        ("- greeting", "- greeting >>7", EnvironmentInvalid),
    ],
)
def test_what_cannot_be_locked_leaves_all_as_it_was(
    tiny: CondaEnvironment, old: str, new: str, error: type[RndError]
) -> None:
    lock(tiny)
    before = (tiny.project.folder / LOCK).read_text()
    edit(tiny, "environment.yml", old, new)
    with pytest.raises(error):
        lock(tiny)
    assert (tiny.project.folder / LOCK).read_text() == before
    edit(tiny, "environment.yml", new, old)
    assert lock(tiny) == "done"


def test_a_lock_that_cannot_be_read_is_left_alone_and_shown(tiny: CondaEnvironment) -> None:
    (tiny.project.folder / LOCK).write_text("version: [\n")
    with pytest.raises(LockInvalid):
        apply(tiny)
    assert (tiny.project.folder / LOCK).read_text() == "version: [\n"


def test_a_lock_without_a_sha256_digest_is_not_installed(tiny: CondaEnvironment) -> None:
    """Another program wrote it: two files can have one MD5 digest."""
    assert lock(tiny) == "applied"
    text = (tiny.project.folder / LOCK).read_text()
    (tiny.project.folder / LOCK).write_text(re.sub(r"\n +sha256: \w{64}(?=\n +category)", "", text, count=1))
    assert (tiny.project.folder / LOCK).read_text() != text
    with pytest.raises(LockInvalid, match=r"has no SHA-256 digest of .*, and MD5 does not identify a package"):
        tiny.install_step().observe()


def test_a_lock_for_other_machines_only(tiny: CondaEnvironment) -> None:
    other = "osx-64" if this_platform() != "osx-64" else "linux-64"
    edit(tiny, "environment.yml", f"[{this_platform()}]", f"[{other}]")
    with pytest.raises(
        EnvironmentInvalid, match=f"{LOCK} has no packages for this machine.s platform, {this_platform()}"
    ):
        apply(tiny)


def test_a_dependency_that_the_environment_lacks(installed: CondaEnvironment) -> None:
    edit(installed, "pyproject.toml", "dependencies = []", 'dependencies = ["iniconfig"]')
    for _ in range(2):
        with pytest.raises(DependencyMissing, match=r"pyproject\.toml needs iniconfig, which is not in \.conda"):
            apply(installed)
    edit(installed, "environment.yml", "- greeting", "- greeting\n  - iniconfig")
    assert apply(installed) == ["applied", "applied"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["conda-meta", "conda-meta/*.json", "conda-meta/pip-*.json"])
def test_killed_while_it_is_installed(tiny: CondaEnvironment, moment: str) -> None:
    folder = tiny.project.folder
    made = "from tests.environments.conda.test_environment import *; import sys; folder = Path(sys.argv[1]); "
    made += "apply(CondaEnvironment(Project(folder, 'tiny', 'Ada', 'conda', PYTHON, 'somewhere', '1.0.0')))"
    with subprocess.Popen(
        [sys.executable, "-c", made, folder], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as running:
        deadline = time.monotonic() + 300
        while not list(tiny.prefix.glob(moment)) and time.monotonic() < deadline and running.poll() is None:
            time.sleep(0.001)
        running.kill()
    assert running.returncode == -signal.SIGKILL, "it was killed too late"
    assert lacks(tiny)
    assert apply(tiny) == ["done", "applied"]
    assert apply(tiny) == ["done", "done"]
