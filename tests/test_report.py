"""What a person sees on a terminal, in a pipe and under --json."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from rnd import report
from rnd.errors import ChecksFailed
from rnd.plan import Action, Outcome, Plan, State, Step
from rnd.printable import printable
from rnd.progress import Lines, is_terminal, watcher
from rnd.report import Output, carry_out, note, print_error, print_table
from tests.helpers.git import git
from tests.helpers.template import TemplateRepository, asking_nothing

if TYPE_CHECKING:
    from pathlib import Path


def plan(*, fails: bool = False) -> Plan:
    """A plan of one step that is done and one that is not."""
    world: list[str] = []

    def act() -> None:
        if fails:
            raise ChecksFailed("Something [bold]odd[/bold] was found.")
        world.append("done")

    def observe() -> State:
        return State(done=bool(world), evidence="[it] is so" if world else "[it] is not")

    return Plan(
        "show a report",
        (
            Step("first", "Look first", lambda: State(done=True, evidence="as it was"), ()),
            Step(
                "then",
                "Do it",
                lambda: State(bool(world), "[it] is so" if world else "[it] is not"),
                (Action("do", act),),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("0.1.0\x1b]52;c;ZXZpbA==\x07", "0.1.0\ufffd]52;c;ZXZpbA==\ufffd"),  # writes the clipboard
        ("a\x9b31m b\rc\u202ed", "a\ufffd31m b\ufffdc\ufffdd"),
        ("0.1.0\n::set-output name=app::true", "0.1.0\n: :set-output name=app::true"),
        ("  ::add-mask::0\r\nb", "  : :add-mask::0\nb"),
        ("0.1.0 ##[set-output name=app]true", "0.1.0 ## [set-output name=app]true"),
        ("é → ok\tb\n  rnd::plan a::b #[x]", "é → ok\tb\n  rnd::plan a::b #[x]"),
    ],
)
def test_text_of_others_steers_neither_a_terminal_nor_a_workflow(text: str, printed: str) -> None:
    assert printable(text) == printed


def test_everything_that_is_printed_of_a_repository_is_printable(capfd: pytest.CaptureFixture[str]) -> None:
    text = "0.1.0\x1b]52;c;ZXZpbA==\x07\n::set-output name=app::true ##[add-mask]0"
    step = Step("one", text, lambda: State(done=False, evidence=text), (Action(text, lambda: None),))
    carry_out(Plan(text, (step,)), Output(only_show=True))
    Lines().finished(Outcome(step, "done", text, 0))
    print_error(ChecksFailed(text, text), as_json=False)
    print_table(("column",), [(text,)])
    note(text)
    said = "\n".join(capfd.readouterr())
    assert said.count("0.1.0\ufffd]52") == 10
    assert not re.search(r"(?m)[\x1b\x07]|^\s*::|##\[", said)


def test_plain_lines_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    carry_out(plan(), Output())
    said = capfd.readouterr()
    assert said.out == ""
    first, then = said.err.splitlines()
    assert first == "Look first: nothing to do (as it was)"
    assert then == "Do it: done ([it] is so)"


def test_quiet_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    carry_out(plan(), Output(quiet=True))
    assert capfd.readouterr() == ("", "")


def test_a_plan_goes_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    carry_out(plan(), Output(only_show=True))
    assert capfd.readouterr().out == (
        "Plan: show a report. Nothing has been changed.\n"
        "  ✓ Look first (as it was)\n"
        "  • Do it ([it] is not)\n"
        "      do\n"
    )


def test_json_is_one_document(capfd: pytest.CaptureFixture[str]) -> None:
    carry_out(plan(), Output(only_show=True, json=True), folder="here")
    said = capfd.readouterr()
    assert said.err == ""
    document = json.loads(said.out)
    assert (document["goal"], document["folder"]) == ("show a report", "here")
    assert [(step["key"], step["result"], step["actions"]) for step in document["steps"]] == [
        ("first", "done", []),
        ("then", "needed", ["do"]),
    ]


def test_a_failing_step_leaves_the_watcher(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChecksFailed):
        carry_out(plan(fails=True), Output())
    assert capfd.readouterr().err == "Look first: nothing to do (as it was)\n"


def test_an_error_is_said_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    print_error(ChecksFailed("Something [bold]odd[/bold] was found."), as_json=False)
    assert capfd.readouterr().err == (
        "error[checks-failed]: Something [bold]odd[/bold] was found.\n"
        "  Fix the reported problems, then re-run the command.\n"
    )


def test_a_table_in_a_pipe_cuts_nothing_short(capfd: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "said"), [("a", "x" * 300)])
    assert "x" * 300 in capfd.readouterr().out


TABLES = [
    [("a", "bb"), ("a longer name", "x" * 300)],
    [],
    [("", " leading and trailing "), ("a", "")],
    [("é", "not ASCII"), ("終", "two columns wide")],
    [("a", "two\nlines\tand a tab")],
    [("a", "x" * 1200)],
]


@pytest.mark.parametrize("rows", TABLES)
def test_a_table_in_a_log_is_the_one_that_rich_prints(
    rows: list[tuple[str, str]], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    print_table(("name", "said"), rows)
    printed = capfd.readouterr().out
    monkeypatch.setattr(report, "_plain_table", lambda *_: None)
    print_table(("name", "said"), rows)
    assert printed == capfd.readouterr().out


def test_a_simple_table_in_a_log_does_not_take_the_time_to_import_rich() -> None:
    program = "import sys; from rnd import report; report.print_table(['a'], [['b']]); print('rich' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.endswith("False\n")


@pytest.mark.parametrize(("variables", "expected"), [({}, True), ({"GITHUB_ACTIONS": "true"}, False)])
def test_the_log_of_a_workflow_is_not_a_terminal(
    variables: dict[str, str], *, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal, line = os.openpty()
    with os.fdopen(terminal, "rb"), os.fdopen(line, "w", encoding="utf-8") as stream:
        assert is_terminal(stream) == expected


def test_the_watcher_of_a_pipe_is_lines(capfd: pytest.CaptureFixture[str]) -> None:
    shown = plan()
    with watcher(shown, quiet=False) as told:
        shown.show(told)
    assert "Do it: to do ([it] is not)" in capfd.readouterr().err


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, *arguments: str, cwd: Path, **variables: str) -> None:
        self.program = pexpect.spawn(
            sys.executable,
            ["-m", "rnd", *arguments],
            cwd=str(cwd),
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"} | variables,
            encoding="utf-8",
            timeout=300,
            dimensions=(40, 120),
        )

    def see(self, text: str) -> None:
        """Wait until the terminal shows a text."""
        self.program.expect_exact(text)

    def type(self, text: str) -> None:
        """Type."""
        self.program.send(text)

    def end(self) -> int | None:
        """Wait for the program's end and return its exit code."""
        self.program.expect(pexpect.EOF)
        self.program.close()
        code: int | None = self.program.exitstatus
        return code


@pytest.mark.slow
def test_the_questions_are_asked_on_a_terminal(template: TemplateRepository, tmp_path: Path) -> None:
    terminal = Terminal("new", "made", "--template", template.address, cwd=tmp_path)
    terminal.see("Project name: letters, digits and _")
    terminal.type("2fast\r")
    terminal.see("cannot start with a digit")
    terminal.type("\x15aligner\r")
    terminal.see("Author, as `Name <e-mail>`")
    terminal.see("Ada Lovelace <ada@example.com>")
    terminal.type("\r")
    terminal.see("Dependency tool")
    terminal.see("uv (recommended)")
    terminal.type("\r")
    terminal.see("GitHub repository")
    terminal.type("n")
    terminal.see("Python version")
    terminal.see("3.11 (here)")
    terminal.type("\r")
    terminal.see("Install the environment")
    terminal.see("aligner is ready in")
    assert terminal.end() == 0
    assert git(tmp_path / "made", "status", "--porcelain") == ""


@pytest.mark.slow
def test_ctrl_c_at_a_question_leaves_nothing(template: TemplateRepository, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    terminal = Terminal("new", "made", "--template", template.address, cwd=place)
    terminal.see("Project name")
    terminal.type("\x03")
    terminal.see("[interrupted]: Interrupted.")
    assert terminal.end() == 130
    assert list(place.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_only_where_it_is_wanted(
    template: TemplateRepository, tmp_path: Path, variables: dict[str, str], coloured: bool
) -> None:
    terminal = Terminal("new", "made", *asking_nothing(template.address), cwd=tmp_path, **variables)
    shown = io.StringIO()
    terminal.program.logfile_read = shown
    assert terminal.end() == 0
    assert "✓" in shown.getvalue()
    assert ("\x1b[32m✓" in shown.getvalue()) is coloured
