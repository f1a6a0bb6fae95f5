"""The command line's habits: help on every level, -C, exit codes, completion, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from rnd.cli import main
from rnd.commands import ALIASES, COMMANDS, installed
from tests.helpers.machine import ROOT


def rnd(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [Path(sys.executable).with_name("rnd"), *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert rnd("--version").stdout == f"rnd {project['version']}\n"


def test_help_lists_every_command_and_the_exit_codes() -> None:
    said = rnd("--help").stdout
    for command, summary in COMMANDS.items():
        assert f"    {command}" in said
        assert summary in said
    assert "exit codes: 0 done" in said


@pytest.mark.parametrize("former", ALIASES)
def test_a_former_name_works_and_is_not_listed(former: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"    {former}" not in rnd("--help").stdout
    with pytest.raises(SystemExit) as ended:
        main([former, "--help"])
    assert ended.value.code == 0
    assert f"usage: rnd {former}" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_on_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: rnd {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["new"], ["setup"], ["update"]])
def test_what_changes_something_can_show_its_plan_and_report_as_json(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    said = capsys.readouterr().out
    for option in ("--plan", "--dry-run", "--json", "--quiet", "--verbose"):
        assert option in said


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["setup", "--no-such-option"], ["setup", "-q", "-v"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: rnd" in capsys.readouterr().err


def test_capital_c_stands_elsewhere(tmp_path: Path) -> None:
    ended = rnd("-C", str(tmp_path), "setup")
    assert ended.returncode == 2
    assert f"{tmp_path} has no .copier-answers.yml." in ended.stderr


def test_capital_c_needs_a_folder(tmp_path: Path) -> None:
    ended = rnd("-C", str(tmp_path / "none"), "doctor")
    assert ended.returncode == 2
    assert "none: No such file or directory." in ended.stderr


@pytest.mark.slow
def test_errors_as_json_are_for_scripts(tmp_path: Path) -> None:
    ended = rnd("setup", str(tmp_path), "--json")
    assert ended.returncode == 2
    assert '"code": "not-generated"' in ended.stdout
    assert ended.stderr == ""


def test_verbose_says_each_command_that_is_run() -> None:
    assert "+ git" in rnd("-C", str(ROOT), "version", "explain", "--verbose").stderr
    assert "+ git" not in rnd("-C", str(ROOT), "version", "explain").stderr


def test_a_reader_that_stops_reading_is_no_error_to_shout_about() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "rnd", "completion", "bash"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command_and_its_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in (*COMMANDS, "--data-file", "--plan"):
        assert word in script


def test_bash_takes_its_completion_script(tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(rnd("completion", "bash").stdout)
    asked = f"source {script}; COMP_WORDS=(rnd do); COMP_CWORD=1; _shtab_rnd; echo ${{COMPREPLY[@]}}"
    ended = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert ended.stdout == "doctor\n"


def test_reading_org_yml_builds_the_validator_of_the_whole_only() -> None:
    code = """
from rnd.organisation import load_organisation
from rnd.organisation.forms import Strict
models = [Strict]
for model in models:
    models += model.__subclasses__()
load_organisation()
print(*(model.__name__ for model in models[1:] if model.__pydantic_complete__))
"""
    built = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    of_defaults = {"Fleet", "Ring", "Update", "Audit", "Stop"}
    assert set(built) == {"Organisation"} | of_defaults


def test_starting_imports_next_to_nothing() -> None:
    code = "import sys, rnd.cli; from rnd.commands import build_parser; build_parser(); print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    for dear in ("copier", "pydantic", "rich", "yaml", "subprocess", "typing", "importlib.metadata"):
        assert dear not in imported


@pytest.mark.parametrize("command", [("release", "package"), ("release", "image"), ("github", "check")])
def test_help_imports_nothing_dear(command: tuple[str, str]) -> None:
    code = "import sys; from rnd.cli import main\ntry: main([*sys.argv[1:], '--help'])\nfinally: print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-I", "-c", code, *command], capture_output=True, text=True, check=True)
    imported = set(shown.stdout.splitlines()[-1].split())
    assert "rnd.cli" in imported
    assert imported.isdisjoint(
        {"boto3", "copier", "githubkit", "httpx", "keyring", "packaging", "pydantic", "rich", "subprocess"}
    )


def test_every_command_s_module_defines_it() -> None:
    for command in COMMANDS:
        module = installed(command) if command == "rehearse" else import_module(f"rnd.commands.{command}")
        assert callable(module.configure)


def test_a_command_of_a_package_that_is_not_installed_says_how_to_get_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: ())
    assert main(["rehearse", "--list"]) == 1
    said = capfd.readouterr().err
    assert "extra-missing" in said
    assert "make rehearse" in said


@pytest.mark.parametrize("option", ["--period=--", "--maximum=--", "--jobs=--", "--class=--"])
def test_two_dashes_are_no_value(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["runners", "simulate", option])
    assert ended.value.code == 2
    assert "expected one argument" in capsys.readouterr().err
