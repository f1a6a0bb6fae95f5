"""Writes `docs/picture.svg`: a real run of `rnd new`, recorded in a pseudo-terminal. `make picture` calls it.

The picture moves by CSS alone. Without CSS animations, and for those who prefer reduced motion, it shows the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import pexpect
import pyte
from wcwidth import wcswidth

from rnd.project.template import CHECKOUT
from rnd_rehearsal.template import read_questions
from scripts.terminal import PROMPT, Recording, shell_at_home

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = CHECKOUT / "docs" / "picture.svg"
COLUMNS, ROWS = 80, 32
ANSWERS = {"project_name": "my_project", "create_github_repository": "n"}  # for the others, the default
PROMPT_LENGTH = 20  # characters of a question that are awaited; the terminal may wrap the rest
YES_OR_NO = ("y", "n")
# Seconds: between two keys, before an answer, between two frames, at the end.
KEY, THINK, FRAME, REST = 0.07, 1.1, 0.125, 9.0

CELL, LINE, MARGIN, BAR = 8.4, 19, 18, 34
# Colours as (light, dark). Plain rules, because not every SVG renderer supports CSS variables.
COLOURS = {
    "bg": ("#fff", "#0d1117"),
    "fg": ("#1f2328", "#e6edf3"),
    "bar": ("#f6f8fa", "#161b22"),
    "line": ("#d1d9e0", "#30363d"),
    "dim": ("#656d76", "#8d96a0"),
    "green": ("#1a7f37", "#3fb950"),
    "cyan": ("#0a7ea4", "#56c8d8"),
    "blue": ("#3d76b3", "#79c0ff"),
    "gold": ("#9a6700", "#e3b341"),
    "red": ("#d1242f", "#ff7b72"),
}
FONT = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'
STYLE = f"""\
text{{font:14px {FONT};white-space:pre}}
.b{{font-weight:600}}
.edge{{stroke:{COLOURS["line"][0]}}}
{"".join(f".{name}{{fill:{light}}}" for name, (light, _) in COLOURS.items())}
@media (prefers-color-scheme:dark){{
.edge{{stroke:{COLOURS["line"][1]}}}
{"".join(f".{name}{{fill:{dark}}}" for name, (_, dark) in COLOURS.items())}
}}
.h{{visibility:hidden}}
g{{animation-timing-function:step-end;animation-iteration-count:infinite}}
@media (prefers-reduced-motion:reduce){{g{{animation:none!important}}}}
"""
# The colours of the terminal: those of the prompts, which copier's questions come in, and of our own list.
CLASSES = {
    "default": "fg",
    "brightblack": "dim",
    "green": "green",
    "cyan": "cyan",
    "red": "red",
    "5f87af": "blue",
    "ffaf00": "gold",
}


def record() -> Recording:
    """Run `rnd new`, answer as a person would, and return what the terminal was sent."""
    with shell_at_home(ROWS, COLUMNS) as (shell, recording):
        answer(shell, "rnd new")
        for name, question in read_questions(CHECKOUT).items():
            shell.expect_exact(question["help"][:PROMPT_LENGTH])
            answer(shell, ANSWERS.get(name, ""))
        shell.expect_exact("is ready in")
        shell.expect_exact(PROMPT)
        pause(shell, FRAME)
    return recording


def answer(shell: pexpect.spawn[str], typed: str) -> None:
    """Type as a person does: after a moment, key by key."""
    pause(shell, THINK)
    for key in re.findall("_?.", typed):  # a name that ends with _ is refused, and that would flash up
        shell.send(key)
        pause(shell, KEY)
    if typed not in YES_OR_NO:  # which is an answer without Enter
        pause(shell, KEY * 3)
        shell.send("\r")


def pause(shell: pexpect.spawn[str], seconds: float) -> None:
    """Wait, and go on reading meanwhile."""
    shell.expect(pexpect.TIMEOUT, timeout=seconds)


@dataclass(frozen=True)
class Run:
    """Neighbouring characters that look alike, from a column on."""

    column: int
    text: str
    width: int
    classes: str


CURSOR = "cursor"
Row = tuple[Run, ...]


def frames(recording: Recording) -> Iterator[tuple[float, list[Row]]]:
    """Yield what the screen showed at the end of each frame in which it was sent something."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    for moment, events in groupby(recording.sent, key=lambda event: int(event[0] / FRAME)):
        for _, text in events:
            stream.feed(re.sub(r"\x1b\[([\d;]*)m", _grey, text))
        yield moment * FRAME, [read_row(screen, number) for number in range(ROWS)]


def _grey(code: re.Match[str]) -> str:
    """Ask for grey where faint letters are asked for, which pyte does not know."""
    return code[0] if "8;" in code[1] else f"\x1b[{re.sub('(?<![0-9])2(?![0-9])', '90', code[1])}m"


def read_row(screen: pyte.Screen, number: int) -> Row:
    """Return one row of the screen as runs, with the cursor as one of them where it stands."""
    line = screen.buffer[number]
    cells = [(column, line[column]) for column in range(COLUMNS) if line[column].data]
    runs = []
    for classes, group in groupby(cells, key=lambda cell: _classes(cell[1])):
        run = list(group)
        text = "".join(cell.data for _, cell in run)
        indent = len(text) - len(text.lstrip())
        shown = run[indent : len(text.rstrip())]
        if shown:
            width = sum(max(1, wcswidth(cell.data)) for _, cell in shown)
            runs.append(Run(shown[0][0], text.strip(), width, classes))
    if number == screen.cursor.y and not screen.cursor.hidden:
        runs.append(Run(screen.cursor.x, "", 1, CURSOR))
    return tuple(runs)


def _classes(cell: pyte.screens.Char) -> str:
    colour = "bg" if cell.reverse else CLASSES[cell.fg]
    return f"{colour} b" if cell.bold else colour


@dataclass
class Shown:
    """A row of the screen as it stood for a while."""

    number: int
    row: Row
    since: float
    until: float | None = None


def history(recording: Recording) -> tuple[list[Shown], float]:
    """Return what stood in each row and how long, and the time at which the last change came."""
    standing: dict[int, Shown] = {}
    past: list[Shown] = []
    now = 0.0
    for now, rows in frames(recording):
        for number, row in enumerate(rows):
            before = standing.get(number)
            if before is not None and before.row == row:
                continue
            if before is not None:
                before.until = now
            standing[number] = Shown(number, row, now)
            past.append(standing[number])
    return [shown for shown in past if shown.row], now


def draw(recording: Recording) -> str:
    """Return the picture: each row that ever stood, shown for as long as it did, over and over."""
    past, end = history(recording)
    total = end + REST
    height = MARGIN + max(shown.number for shown in past if shown.until is None) * LINE + 2 * MARGIN
    names: dict[tuple[float, float | None], str] = {}
    body = []
    for shown in past:
        name = names.setdefault((shown.since, shown.until), f"a{len(names)}")
        hidden = "" if shown.until is None else ' class="h"'
        body.append(f'<g{hidden} style="animation-name:{name}">{draw_row(shown)}</g>')
    keyframes = "".join(f"@keyframes {name}{_keyframes(*span, total)}\n" for span, name in names.items())
    width = COLUMNS * CELL + 2 * MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {BAR + height:g}" xml:space="preserve" '
        f'role="img" aria-labelledby="t"><title id="t">A terminal: rnd new makes a repository, step by step</title>'
    )
    window = (
        f'<rect x=".5" y=".5" width="{width - 1:g}" height="{BAR + height - 1:g}" rx="9" class="bg edge"/>'
        f'<path d="M.5 {BAR}V9.5a9 9 0 0 1 9-9H{width - 9.5:g}a9 9 0 0 1 9 9V{BAR}z" class="bar edge"/>'
        + "".join(f'<circle cx="{20 + 18 * n}" cy="{BAR / 2:g}" r="5.5" class="line"/>' for n in range(3))
    )
    style = f"<style>\n{STYLE}g{{animation-duration:{total:g}s}}\n{keyframes}</style>"
    return "\n".join((head, style, window, *body, "</svg>")) + "\n"


def _keyframes(since: float, until: float | None, total: float) -> str:
    hidden = "" if since == 0 else "0%{visibility:hidden}"
    after = "" if until is None else f"{until / total:.2%}{{visibility:hidden}}"
    return f"{{{hidden}{since / total:.2%}{{visibility:visible}}{after}}}"


def draw_row(shown: Shown) -> str:
    """Return the text of a row."""
    base = BAR + MARGIN + shown.number * LINE + 5
    return "".join(_draw_run(run, base) for run in shown.row)


def _draw_run(run: Run, base: float) -> str:
    x, width = f"{MARGIN + run.column * CELL:.1f}", f"{run.width * CELL:.1f}"
    block = f'<rect x="{x}" y="{base - 14:g}" width="{width}" height="{LINE - 1}" class="fg"'
    if run.classes == CURSOR:
        return f'{block} opacity=".55"/>'
    behind = f"{block}/>" if run.classes.startswith("bg") else ""
    text = escape(run.text, quote=False)
    return f'{behind}<text x="{x}" y="{base:g}" textLength="{width}" class="{run.classes}">{text}</text>'


def main() -> None:
    """Record, draw and write."""
    picture = draw(record())
    PICTURE.write_text(picture, encoding="utf-8")
    print(f"{PICTURE.relative_to(CHECKOUT)}: {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
