"""`rnd fleet` where something is wrong around it: the token, the network, an output file, the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.fleet.governor import Governor

if TYPE_CHECKING:
    from tests.helpers.fleet import Fleet


@pytest.mark.usefixtures("fleet")
def test_without_a_token(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("rnd.github.sign_in.find_token", lambda *_: None)
    assert cli.main(["fleet", "status"]) == 1
    said = capsys.readouterr().err
    assert "error[sign-in-needed]" in said
    assert "GH_TOKEN" in said


@pytest.mark.usefixtures("fleet")
def test_with_a_wrong_token(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GH_TOKEN", "ghp_wrong0123456789")
    for command in (["status"], ["plan"], ["apply"]):
        assert cli.main(["fleet", *command]) == 1
        said = capsys.readouterr()
        assert "error[sign-in-needed]: GitHub does not know the token" in said.err
        assert "Set GH_TOKEN to another token" in said.err
        assert "ghp_wrong" not in said.err + said.out


@pytest.mark.usefixtures("fleet")
def test_without_a_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9/api/v3")  # the port that discards; nothing listens
    assert cli.main(["fleet", "status"]) == 1
    assert "error[github-unavailable]" in capsys.readouterr().err


def test_an_output_file_that_cannot_be_written(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before anything is read."""
    fleet.hub.calls.clear()
    for option, command in (("--html", "status"), ("--out", "plan")):
        missing = tmp_path / "none" / "file"
        assert cli.main(["fleet", command, option, str(missing)]) == 2
        assert f"{option} {missing}: the folder {missing.parent} does not exist." in capsys.readouterr().err
        assert cli.main(["fleet", command, option, str(tmp_path)]) == 2
        assert f"{option} {tmp_path}: it cannot be written." in capsys.readouterr().err
    assert fleet.hub.calls == []


def test_an_interrupted_run_keeps_the_previous_page(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.html"
    assert cli.main(["fleet", "status", "--html", str(file)]) == 0
    before = file.read_bytes()
    fleet.add("rnd-one")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for where in ("rnd.fleet.page.render", "pathlib.Path.replace"):
        with monkeypatch.context() as patch:
            patch.setattr(where, interrupted)
            assert cli.main(["fleet", "status", "--html", str(file)]) == 130
    with monkeypatch.context() as patch:
        patch.setattr(Governor, "pace", interrupted)
        assert cli.main(["fleet", "status", "--html", str(file)]) == 130
    assert "Traceback" not in capsys.readouterr().err
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.glob(".fleet*")] == []


def processes() -> dict[int, tuple[int, bytes, bytes]]:
    """Return the parent, the arguments and the environment of each process, as far as they are readable."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            arguments = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            environment = b""
        found[int(folder.name)] = parent, arguments, environment
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="lists processes by /proc")
def test_no_process_shows_the_token(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each request, no process of the machine has the token in its arguments, and no child in its environment."""
    for name in ("rnd-one", "rnd-two"):
        fleet.add(name)
        fleet.hosting.repository(name).settings["has_wiki"] = True
    token = fleet.hosting.token.encode()
    looks = [0]
    shown: list[str] = []

    def look(_request: Any, phase: str) -> None:  # noqa: ANN401
        if phase == "before":
            looks[0] += 1
            for number, (parent, arguments, environment) in processes().items():
                if token in arguments or (parent == os.getpid() and token in environment):
                    shown.append(f"{number}: {arguments!r}")

    fleet.hub.faults.append(look)
    monkeypatch.setattr("rnd.fleet.governor.PAUSE", 0.0)
    plan = str(tmp_path / "plan.json")
    assert cli.main(["fleet", "status", "--full", "--html", str(tmp_path / "page.html")]) == 3
    assert cli.main(["fleet", "plan", "--out", plan]) == 3
    assert cli.main(["fleet", "apply", plan]) == 0
    assert looks[0] > 20
    assert shown == []
    assert all(token not in file.read_bytes() for file in tmp_path.glob("*.*") if file.is_file())
