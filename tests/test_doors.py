"""One module starts each program: `make check` finds every other one."""

from __future__ import annotations

import pytest

from scripts.doors import find_violations


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        (
            "src/rnd/publish/image.py",
            'process.run("docker", "push")',
            ":1: starts docker, which only src/rnd/docker.py",
        ),
        ("src/rnd/publish/image.py", 'x = 1\nprocess.run(\n    "buildah",\n)', ":2: starts buildah"),
        ("packages/rnd-rehearsal/src/rnd_rehearsal/cold.py", 'process.attempt("docker")', "starts docker"),
        ("src/rnd/ci/gate.py", 'yield from process.stream("git", "log")', "only src/rnd/git.py does"),
        ("src/rnd/docker.py", 'process.run("docker", "push")', None),
        ("packages/rnd-rehearsal/src/rnd_rehearsal/actors.py", 'process.run("git", "push")', None),
        ("src/rnd/doctor/machine.py", 'process.attempt("aws", "--version")', None),
    ],
)
def test_a_program_that_another_module_starts_is_found(name: str, source: str, found: str | None) -> None:
    violations = find_violations(name, source)
    assert violations == [] if found is None else [found in one for one in violations] == [True]
