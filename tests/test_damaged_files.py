"""Readers of files that a repository or a person provides: any damage ends in an error of the catalogue.

Each example damages a valid file in a few places, or combines options and values. A reader must return or raise an
error that has a message, soon; a command that writes must then have written nothing. The counts are printed at the end
of a run: see `tests/helpers/damage.py`.
"""

from __future__ import annotations

import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from rnd.commands import build_parser
from rnd.commands.new import read_data
from rnd.errors import ManifestInvalid, RndError
from rnd.options import Parser, select
from rnd.organisation import load_organisation
from rnd.runners.simulation.options import SimulationOptions, read_experiments
from tests.helpers.damage import LEAST, HalfWritten, Hang, Tally, deadline, summary
from tests.helpers.pages import read_page
from tests.helpers.readers import READERS, set_version

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

EXAMPLES = 420  # for each reader
# What has a meaning in TOML, YAML, JSON or HTML, or to a program that is given the value.
TOKENS = """
" ' \\ # : - = . , [ ] { } [[ ]] < /> & * ! | > &a <<: !!timestamp !!int !!python/object:x.y null true NaN -1 1e999 0x
3.11 2026-11-24 2026-02-30T25:00:00Z ../../x --upload-pack=x {{x}} $(x) %s{0} version name project package
"""
BYTES = (b"", b"\0", b"\xff", b"\xed\xa0\x80", b"\r\n", b"\n\n", b"\t", b"  ", b": ", b"- ", b"&a [*a, *a]")
DEEP = (b"[" * 3000, b'{"a":' * 3000, b"9" * 5000)
PIECES = (*BYTES, *DEEP, *TOKENS.encode().split())


def damage(chance: Random) -> list[tuple[int, int, bytes]]:
    """Return up to four changes: where in per mille of the text, how many bytes are cut, and what is put there."""
    return [(chance.randint(0, 1000), chance.randint(0, 30), piece(chance)) for _ in range(chance.randint(1, 4))]


def piece(chance: Random) -> bytes:
    """Return what has a meaning, or else up to eight bytes that have none."""
    return chance.choice(PIECES) if chance.random() < 0.75 else chance.randbytes(chance.randint(0, 8))


def examples(name: str) -> Iterator[Random]:
    """Return a source of chance for each example, the same ones in each run; a failure names its number.

    Hypothesis, which also looks for the shortest input that fails, would take three times as long.
    """
    return (Random(f"{name} {number}") for number in range(1, EXAMPLES + 1))


def damaged(text: str, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Return a text with changes made to its bytes."""
    content = text.encode()
    for where, cut, piece in changes:
        place = len(content) * where // 1000
        content = content[:place] + piece + content[place + cut :]
    return content


@pytest.fixture
def tally(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Tally:
    """The counts of a test, recorded however it ends."""
    name: str = request.node.name
    found = Tally(name.partition("[")[2].removesuffix("]") or name.removeprefix("test_any_").partition("_are")[0])
    record_property(*found.record())
    return found


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused(name: str, tally: Tally) -> None:
    files, read = READERS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for chance in examples(name):
            hit, changes = chance.choice(sorted(files)), damage(chance)
            for file, text in files.items():
                (folder / file).write_bytes(damaged(text, changes) if file == hit else text.encode())
            tally.attempt(lambda: read(folder), folder=folder, writes=read is set_version)
    assert tally.inputs >= EXAMPLES


OPTIONS = (
    "--jobs-per-day",
    "--job-minutes",
    "--durations",
    "--spread",
    "--burst",
    "--maximum",
    "--always-on",
    "--x",
    "--",
)
VALUES = ("1", "0", "-1", "1e9", "1e999", "nan", "--", "", "research=1", "=", "research=", "x=1", "é", "9" * 40)
SHIPPED = load_organisation().runners
PARSER = build_parser()
PARSER.define(deeply=True)
REFUSALS = (RndError, SystemExit)


def test_any_arguments_of_the_simulation_are_understood_or_refused(tally: Tally) -> None:
    seen: set[tuple[str, ...]] = set()  # an accepted one takes long
    for chance in examples("simulation"):
        words = next(drawn for drawn in iter(partial(draw_words, chance), None) if drawn not in seen)
        seen.add(words)
        tally.attempt(partial(experiments, words), REFUSALS)
    assert tally.inputs >= EXAMPLES


def test_any_arguments_of_any_command_are_understood_or_refused(tally: Tally) -> None:
    """No command runs: what its options mean is decided by the parser, which is not allowed to fail."""
    values = (*VALUES, *TOKENS.split(), "\udcff")
    for chance in examples("commands"):
        names, options = chance.choice(LEAVES)
        words = [
            chance.choice((option, value, f"{option}={value}"))
            for _ in range(chance.randint(0, 5))
            for option, value in [(chance.choice(options), chance.choice(values))]
        ]
        tally.attempt(partial(read_arguments, *names, *words), REFUSALS)
    assert tally.inputs >= EXAMPLES


def draw_words(chance: Random) -> tuple[str, ...]:
    """Return the words of up to four options of the simulation."""
    parts = ((chance.choice(OPTIONS), chance.choice("= "), chance.choice(VALUES)) for _ in range(chance.randint(0, 4)))
    return tuple(word for part in parts for word in "".join(part).split(" "))


def experiments(words: Iterable[str]) -> object:
    """Return what a command line of the simulation asks for."""
    return read_experiments(select(SimulationOptions, parse("runners", "simulate", *words)), SHIPPED)


def read_arguments(*words: str) -> object:
    """Return what a command line gives as data; nothing for a command that takes none."""
    return read_data(getattr(parse(*words), "data", ()))


def parse(*words: str) -> argparse.Namespace:
    """Return the options of a command line; argparse ends the program when it has printed the usage."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return PARSER.parse_args(words)


def leaves(parser: Parser, *names: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the words of each command, with the options that it has."""
    if not parser.commands:
        found = parser._actions  # noqa: SLF001 - argparse has no other list of them
        yield names, tuple(option for action in found for option in action.option_strings)
    for name, command in parser.commands.items():
        yield from leaves(command if isinstance(command, Parser) else command.create(), *names, name)


LEAVES = tuple(leaves(PARSER))


def test_there_are_enough_inputs() -> None:
    inputs = (len(READERS) + 2) * EXAMPLES
    assert inputs >= LEAST
    assert f"\n{inputs:,} inputs, the same ones in each run" in read_page("docs/tests.md")
    assert len(LEAVES) > 30


def test_a_hang_is_noticed() -> None:
    with pytest.raises(Hang), deadline(0.05), suppress(Exception):
        next(number for number in iter(int, 1) if number)


def test_a_tally_counts_what_goes_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before", encoding="utf-8")
    found = Tally("demo")

    def fail(error: BaseException | None) -> None:
        (tmp_path / "file").write_text("after", encoding="utf-8")
        if error is not None:
            raise error

    found.attempt(lambda: fail(None), folder=tmp_path, writes=True)
    for error, raised in ((ManifestInvalid("."), HalfWritten), (KeyError(), KeyError), (HalfWritten(), HalfWritten)):
        (tmp_path / "file").write_text("before", encoding="utf-8")
        with pytest.raises(raised):
            found.attempt(partial(fail, error), folder=tmp_path, writes=True)
    assert summary([found]).startswith(
        "damaged inputs: 4 of 1 readers, 1 accepted, 1 refused; 1 unexpected, 0 hangs, 2 half-written; longest 0.0"
    )
