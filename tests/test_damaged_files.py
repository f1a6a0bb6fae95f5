"""Readers of files that a repository or a person provides: any damage ends in an error of the catalogue.

Each example damages a valid file in a few places, or combines options and values. A reader must return or raise an
error that has a message, soon; a command that writes must then have written nothing. The counts are printed at the end
of a run: see `tests/helpers/damage.py`.
"""

from __future__ import annotations

import io
import json
import tempfile
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from rnd import manifest
from rnd.answers import read_project
from rnd.ci.gate import judge, read_needs
from rnd.ci.private_packages import private_packages
from rnd.commands import build_parser
from rnd.commands.new import read_data, read_data_file
from rnd.environments.conda.lockfile import fits, read_lock
from rnd.environments.conda.specification import read_specification
from rnd.errors import ManifestInvalid, RndError
from rnd.options import Parser, select
from rnd.organisation import load_organisation
from rnd.progress import Quiet
from rnd.publish import listing
from rnd.runners.simulation.job_list import read_job_list
from rnd.runners.simulation.options import SimulationOptions, read_experiments
from rnd.version.version_commit import plan_files
from tests.helpers.damage import LEAST, HalfWritten, Hang, Tally, deadline, summary
from tests.helpers.machine import ROOT

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

MANIFEST = """\
[project]
name = "acme-lab-demo"
version = "0.4.2"  # set by the pipeline
dependencies = ["tools>=1"]

[[tool.uv.index]]
name = "acme"
url = "https://aws@packages.example.com/pypi/lab/simple/"
explicit = true
"""
LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "acme-lab-demo"
version = "0.4.2"
source = { editable = "." }

[[package]]
name = "tools"
version = "1.0"
source = { registry = "https://packages.example.com/pypi/lab/simple" }
"""
ANSWERS = """\
# Changes here will be overwritten by Copier
_commit: 1.4.0
_src_path: git@github.com:Acme/template.git
author: Ada <ada@example.com>
create_github_repository: true
dependency_tool: conda
project_name: demo
python_version: '3.11'
"""
ENVIRONMENT = """\
name: demo
channels: [conda-forge, nodefaults]
platforms: [linux-64]
dependencies:
  - python 3.11.*
  - pip:
      - -e .
"""
VIRTUAL = """\
subdirs:
  linux-64:
    packages:
      __glibc: "2.28"
"""
CONDA_LOCK = """\
version: 1
metadata:
  content_hash: {linux-64: 0a}
  channels: [{url: conda-forge, used_env_vars: []}]
  platforms: [linux-64]
  sources: [environment.yml]
  inputs_metadata:
    environment.yml: {md5: 0a, sha256: 0b}
package:
- name: python
  version: 3.11.9
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://example.com/python-3.11.9-0.conda
  hash: {md5: 0a, sha256: 0b}
  category: main
  optional: false
"""
JOBS = json.dumps(
    [
        {
            "labels": ["self-hosted", "research"],
            "created_at": "2026-11-02T09:00:00Z",
            "started_at": "2026-11-02T09:01:00Z",
        }
    ]
)
NEEDS = json.dumps({"version": {"result": "success", "outputs": {"commit": "0a"}}, "image": {"result": "skipped"}})
PAGE = '<a href="demo-1.0-py3-none-any.whl#sha256=0a">demo-1.0-py3-none-any.whl</a>'
JSON_PAGE = json.dumps(
    {"meta": {"api-version": "1.0"}, "files": [{"filename": "x", "url": "x", "hashes": {"sha256": "0"}}]}
)


def read_text(file: str) -> Callable[[Path], str]:
    """Return a reader of one file as text, for readers that get text."""
    return lambda folder: (folder / file).read_text(encoding="utf-8", errors="replace")


def read_gate(folder: Path) -> None:
    """Judge a `needs` context."""
    judge(read_needs(read_text("needs.json")(folder)))


def set_version(folder: Path) -> None:
    """Write another version into both manifests."""
    plan_files(folder, "0.5.0").apply(Quiet())
    if manifest.read_version(folder) != "0.5.0" or manifest.read_lock_version(folder) not in {None, "0.5.0"}:
        raise HalfWritten


def read_pages(folder: Path) -> None:
    """Read a page of a package index in both forms."""
    for media_type, file in (("text/html", "page.html"), (listing.JSON, "page.json")):
        with suppress(ValueError):  # the documented error; the index reports it with the address of the page
            listing.parse(media_type, read_text(file)(folder), "https://packages.example.com/demo/")


READERS: dict[str, tuple[dict[str, str], Callable[[Path], object]]] = {
    "org.yml": (
        {"org.yml": (ROOT / "org.yml").read_text(encoding="utf-8")},
        lambda to: load_organisation(to / "org.yml"),
    ),
    "answers": ({".copier-answers.yml": ANSWERS}, read_project),
    "answers given": ({"answers.yml": ANSWERS}, lambda to: read_data_file(to / "answers.yml")),
    "manifest": ({"pyproject.toml": MANIFEST}, manifest.read_version),
    "version": ({"pyproject.toml": MANIFEST, "uv.lock": LOCK}, set_version),
    "private packages": (
        {"pyproject.toml": MANIFEST, "uv.lock": LOCK},
        lambda to: private_packages(to, "acme"),
    ),
    "conda's lock": (
        {"conda-lock.yml": CONDA_LOCK, "environment.yml": ENVIRONMENT, "virtual-packages.yml": VIRTUAL},
        lambda to: (read_specification(to), fits(read_lock(to), to)),
    ),
    "job list": ({"jobs.json": JOBS}, lambda to: read_job_list(to / "jobs.json")),
    "gate": ({"needs.json": NEEDS}, read_gate),
    "index": ({"page.html": PAGE, "page.json": JSON_PAGE}, read_pages),
}


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
    assert (len(READERS) + 2) * EXAMPLES >= LEAST
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
