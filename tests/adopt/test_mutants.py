"""Wrong converters, one thing wrong in each: the proof of the adoption, the same wheel before and after, finds each."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from rnd import uv
from rnd.adopt.proof import Proof, compare
from rnd.adopt.tree import Tree, tree_of
from rnd.adopt.wheels import read_wheel
from rnd.errors import CommandFailed, PackagesUnavailable
from rnd_rehearsal.template import copy_what_renders
from tests.helpers import existing, existing_full, existing_refused
from tests.helpers.converter import BACKENDS, Job, encode
from tests.helpers.converter_mutants import MUTANTS, choose, write_document
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
SEED = 1851
EACH = 1  # repositories for each change of a result
FIXTURES = existing.JOINING | existing_refused.UNCLEAR | existing_full.FULL


def slug(name: str) -> str:
    """Return a name that a file can have."""
    return re.sub(r"\W", "-", name)


class Conversions:
    """What the converter and its mutants made: the files and the wheels."""

    def __init__(self, place: Path) -> None:
        self.place = place
        packages = place / "backends"
        try:
            arguments = ("pip", "install", "--quiet", "--python", sys.executable, "--target", str(packages))
            uv.run(None, *arguments, *BACKENDS)
        except (PackagesUnavailable, CommandFailed) as error:
            pytest.skip(f"the package index cannot be reached: {error}")
        path = {"PYTHONPATH": f"{packages}{os.pathsep}{ROOT}", "PATH": f"{packages / 'bin'}:{os.environ['PATH']}"}
        source = str(copy_what_renders(ROOT, place / "template"))
        self.variables = {**os.environ, **path, "SOURCE_DATE_EPOCH": "315532800", "RENDERED_FROM": source}

    def do(self, jobs: list[Job]) -> None:
        listed = self.place / "jobs.json"
        listed.write_text(encode(jobs), encoding="utf-8")
        command = [sys.executable, "-m", "tests.helpers.converter", str(listed), str(self.place)]
        subprocess.run(command, env=self.variables, cwd=ROOT, check=True)

    def files(self, name: str) -> dict[str, str]:
        """Return the files that a wheel was built from."""
        folder = self.place / "build" / name
        found = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in found}

    def proof(self, fixture: str, name: str, tree: Tree | None = None) -> Proof:
        """Return the proof for a result, or that nothing was built."""
        before = tree_of(FIXTURES[fixture])
        wheel = self.place / f"{name}.whl"
        if not wheel.exists():
            log = (self.place / f"{name}.error").read_text()
            return Proof("failed", ["failed"], log.strip().splitlines()[-1])
        analysis = self.place / f"{name}.found"
        if not analysis.exists():  # only the result is another one
            analysis = self.place / f"{slug(fixture)}.after.found"
        found = pickle.loads(analysis.read_bytes())
        wheels = [read_wheel((self.place / f"{one}.whl").read_bytes()) for one in (f"{slug(fixture)}.before", name)]
        return compare(found, (before, tree or tree_of(self.files(name))), (wheels[0], wheels[1]))


@pytest.fixture(scope="module")
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Conversions:
    """The wheels of each fixture before and after, and of each mutant of the source text."""
    done = Conversions(tmp_path_factory.mktemp("conversions"))
    jobs = [Job(f"{slug(name)}.before", files, convert=False) for name, files in FIXTURES.items()]
    jobs += [
        Job(f"{slug(name)}.after", files, computed=name in existing_refused.UNCLEAR) for name, files in FIXTURES.items()
    ]
    jobs += [
        Job(f"{slug(one.fixture)}.code{number}", FIXTURES[one.fixture], f"rnd.adopt.{one.module}", one.old, one.new)
        for number, one in enumerate(MUTANTS)
    ]
    done.do(jobs)
    return done


def unexplained(proof: Proof) -> list[str]:
    """Return the differences that make the pull request a draft."""
    return [line for line in proof.differences if line not in proof.explained]


def is_noticed(proof: Proof, line: str) -> bool:
    """Return whether the proof fails, and reports a line that starts so."""
    return not proof.holds and any(one.startswith(line) for one in unexplained(proof))


@pytest.mark.parametrize("name", FIXTURES)
def test_the_converter_as_it_is_changes_nothing(name: str, conversions: Conversions) -> None:
    proof = conversions.proof(name, f"{slug(name)}.after")
    assert (proof.missing, unexplained(proof)) == (None, [])
    assert proof.holds


def test_each_wrong_converter_is_noticed(conversions: Conversions) -> None:
    survivors = []
    for one in MUTANTS:  # a mutant of a text that has changed would fail to load, and prove nothing
        text = (ROOT / "src" / "rnd" / "adopt" / f"{one.module}.py").read_text(encoding="utf-8")
        assert (text.count(one.old), one.new != one.old) == (1, True), one
    for number, one in enumerate(MUTANTS):
        proof = conversions.proof(one.fixture, f"{slug(one.fixture)}.code{number}")
        if not is_noticed(proof, one.line):
            survivors.append((one, proof))
    print(f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} wrong converters are noticed")
    assert survivors == []


def test_each_wrong_result_is_noticed(conversions: Conversions) -> None:
    manifests = {name: tomllib.loads(conversions.files(f"{slug(name)}.after")["pyproject.toml"]) for name in FIXTURES}
    chosen = choose(manifests, SEED, EACH)
    jobs = [
        Job(f"{slug(name)}.result{number}", conversions.files(f"{slug(name)}.after"),
            manifest=write_document(document), convert=False)
        for number, (name, _, document) in enumerate(chosen)
    ]  # fmt: skip
    conversions.do(jobs)
    survivors = []
    for job, (name, operator, _) in zip(jobs, chosen, strict=True):
        proof = conversions.proof(name, job.name)
        if not is_noticed(proof, operator.line):
            survivors.append((name, operator.name, proof))
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} wrong results are noticed")
    assert survivors == []
