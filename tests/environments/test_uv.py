"""The environment that uv makes: damage is seen, and mended by the next run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rnd import process, uv
from rnd.answers import Project
from rnd.environments.uv import available_pythons, damage, install_step, lock_step, python_step, uv_step
from rnd.errors import CommandFailed, PackagesUnavailable, PythonUnavailable
from rnd.plan import Plan
from rnd.progress import Quiet

PYPROJECT = """\
[project]
name = "tiny"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["iniconfig", "packaging"]
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Project:
    """A project with two dependencies."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    return Project(folder, "tiny", "Ada", "uv", "3.11", "somewhere", "1.0.0")


def apply(project: Project) -> list[str]:
    """Lock and install, and return what became of the two steps."""
    plan = Plan("a tiny environment", (lock_step(project), install_step(project)))
    return [outcome.result for outcome in plan.apply(Quiet())]


def installed(project: Project, package: str) -> Path:
    """Return the folder of an installed package."""
    (folder,) = (project.folder / ".venv").glob(f"lib/python*/site-packages/{package}")
    return folder


def test_lock_and_install_once(tiny: Project) -> None:
    assert apply(tiny) == ["applied", "applied"]
    assert apply(tiny) == ["done", "done"]


def test_a_new_dependency_makes_both_needed(tiny: Project) -> None:
    apply(tiny)
    pyproject = tiny.folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"packaging"', '"packaging", "pluggy"'))
    assert lock_step(tiny).observe().evidence == "uv.lock is out of date with pyproject.toml"
    assert apply(tiny) == ["applied", "applied"]
    assert installed(tiny, "pluggy").is_dir()


def test_a_package_taken_out_by_hand(tiny: Project) -> None:
    apply(tiny)
    process.run("uv", "pip", "uninstall", "iniconfig", cwd=tiny.folder)
    assert install_step(tiny).observe().evidence.startswith(".venv is out of date with uv.lock: iniconfig==")
    assert apply(tiny) == ["done", "applied"]


def test_an_environment_that_uv_does_not_repair_in_place_is_recreated(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(tiny)
    process.run("uv", "pip", "uninstall", "iniconfig", cwd=tiny.folder)
    kept = tiny.folder / ".venv" / "kept"
    kept.touch()
    run, calls = uv.run, []

    def only_a_new_environment(folder: Path | None, *arguments: str) -> str:
        calls.append(arguments)
        return "" if kept.exists() else run(folder, *arguments)

    monkeypatch.setattr(uv, "run", only_a_new_environment)
    assert apply(tiny) == ["done", "applied"]
    assert len(calls) == 2


def test_a_check_that_uv_cannot_make_says_why(tiny: Project) -> None:
    apply(tiny)
    (tiny.folder / "uv.lock").write_text("version = [\n")
    assert "Failed to parse `uv.lock`" in install_step(tiny).observe().evidence


@pytest.mark.parametrize("left", ["nothing", "bin", "no interpreter", "no configuration", "empty configuration"])
def test_an_environment_that_was_killed_while_it_was_made(tiny: Project, left: str) -> None:
    apply(tiny)
    environment = tiny.folder / ".venv"
    match left:
        case "nothing":
            shutil.rmtree(environment)
            environment.mkdir()
        case "bin":
            shutil.rmtree(environment)
            (environment / "bin").mkdir(parents=True)
        case "no interpreter":
            (environment / "bin" / "python").unlink()
        case "no configuration":
            (environment / "pyvenv.cfg").unlink()
        case "empty configuration":
            (environment / "pyvenv.cfg").write_bytes(b"")
    assert damage(environment) == "the environment is incomplete"
    assert apply(tiny) == ["done", "applied"]
    assert damage(environment) is None


@pytest.mark.parametrize(
    "fault", ["file missing", "file cut short", "no RECORD", "RECORD cut short", "commands missing"]
)
def test_a_package_that_was_killed_while_it_was_installed_though_uv_is_content(tiny: Project, fault: str) -> None:
    apply(tiny)
    module = installed(tiny, "iniconfig") / "__init__.py"
    record = next(installed(tiny, "iniconfig").parent.glob("iniconfig-*.dist-info")) / "RECORD"
    match fault:
        case "file missing":
            module.unlink()
        case "file cut short":
            replace(module, module.read_bytes()[:100])
        case "no RECORD":
            record.unlink()
        case "RECORD cut short":
            replace(record, b"")
        case "commands missing":  # the wheel's own RECORD, which knows nothing of what the installation adds
            lines = record.read_text().splitlines(keepends=True)
            replace(record, "".join(line for line in lines if "INSTALLER" not in line).encode())
    assert "no changes" in process.attempt("uv", "sync", "--locked", "--check", cwd=tiny.folder).stderr
    assert damage(tiny.folder / ".venv") == "iniconfig is incomplete"
    assert apply(tiny) == ["done", "applied"]
    assert damage(tiny.folder / ".venv") is None


def replace(path: Path, content: bytes) -> None:
    """Write a new file in place of one that is a hard link into uv's cache."""
    path.unlink()
    path.write_bytes(content)


def test_a_lock_that_cannot_be_read_is_left_alone_and_shown(tiny: Project) -> None:
    (tiny.folder / "uv.lock").write_text("version = \n")
    with pytest.raises(CommandFailed, match="uv lock ended with exit code 2"):
        apply(tiny)
    assert (tiny.folder / "uv.lock").read_text() == "version = \n"


def test_no_network_and_nothing_cached(tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(PackagesUnavailable, match="uv lock could not reach the network"):
        apply(tiny)
    assert not (tiny.folder / "uv.lock").exists()


def test_no_connection_and_nothing_cached(tiny: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(PackagesUnavailable, match="uv lock could not reach the network"):
        apply(tiny)


def test_a_python_that_is_here() -> None:
    (outcome,) = Plan("a Python", (python_step("3.11"),)).apply(Quiet())
    assert outcome.result == "done"
    assert process.run(outcome.evidence, "--version").startswith("Python 3.11.")


def test_a_python_that_cannot_be_had() -> None:
    with pytest.raises(PythonUnavailable, match=r"Python 3\.5 is not on this machine, and uv could not download it"):
        Plan("a Python", (python_step("3.5"),)).apply(Quiet())


def test_what_uv_knows_of_pythons() -> None:
    known = available_pythons()
    assert known["3.11"] == "here"
    assert known.get("3.14") in {"here", "uv can fetch it"}
    assert "3.5" not in known


def test_uv_is_installed_for_good_where_only_this_run_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = process.find("uv")
    assert uv is not None
    aside = tmp_path / "aside"
    aside.mkdir()
    (aside / "uv").symlink_to(Path(uv).resolve())
    monkeypatch.setenv("UV", str(aside / "uv"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert not process.on_path("uv")
    for expected in ("applied", "done"):
        (outcome,) = Plan("uv", (uv_step(),)).apply(Quiet())
        assert outcome.result == expected
    process.run(str(Path.home() / ".local" / "bin" / "uv"), "--version")
