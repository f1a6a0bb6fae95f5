"""Runs the tests of a repository before and after its adoption, if its owner permits to run its code.

Both commits are installed into a new environment each, with the dependencies of the same lock file, so that a test that
only one of them passes shows what the adoption changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd import git, process, uv
from rnd.adopt import place
from rnd.adopt.interpreter import remove_unsafe
from rnd.errors import CommandFailed, PackagesUnavailable

if TYPE_CHECKING:
    from pathlib import Path

LOCK, REQUIREMENTS = "uv.lock", "requirements.txt"
PERMISSION = "They were not run. `rnd adopt --run-its-code` runs them before and after."
# One line for each test: https://docs.pytest.org/en/stable/how-to/output.html#producing-a-detailed-summary-report
REPORT = ("-q", "-rpfE", "--tb=no", "--color=no", "-p", "no:cacheprovider")
OUTCOME = re.compile(r"(?m)^(PASSED|FAILED|ERROR) (\S.*?)(?: - .*)?$")
NO_TESTS = 5  # pytest's exit code if it found none


@dataclass(frozen=True)
class Trial:
    """The tests before and after.

    Attributes:
        before: The tests that passed before.
        after: Those that passed afterwards.
        lost: Those that passed before and do not pass afterwards.
        missing: Why they were not run; None if they were.
    """

    before: int = 0
    after: int = 0
    lost: tuple[str, ...] = ()
    missing: str | None = None

    @property
    def holds(self) -> bool:
        """Whether no test is known to pass no longer."""
        return not self.lost


def compare(before: set[str], after: set[str]) -> Trial:
    """Compare the tests that passed. Pure."""
    return Trial(len(before), len(after), tuple(sorted(before - after)))


def run_tests(root: Path, commits: tuple[str, str], python: str) -> Trial:
    """Run the tests of both commits.

    Args:
        root: The repository.
        commits: The old commit, and the last one of the branch, whose lock file gives the dependencies.
        python: The Python version, such as `3.11`.
    """
    if git.attempt(root, "cat-file", "-e", f"{commits[1]}:{LOCK}") is None:
        return Trial(missing=f"They were not run: the branch has no {LOCK}.")
    try:
        with place.temporary() as folder:
            clones = [_checkout(root, commit, folder / name) for name, commit in zip("ab", commits, strict=True)]
            listed = folder / REQUIREMENTS
            options = ("--frozen", "--all-extras", "--no-hashes", "--no-emit-project", "--quiet", "--output-file")
            _uv(clones[1], "export", *options, str(listed), python=python)
            before, after = (_passed(clone, listed, python) for clone in clones)
    except (CommandFailed, PackagesUnavailable) as error:
        lines = [line.strip() for line in error.message.splitlines() if not line.lstrip().startswith("hint:")]
        return Trial(missing=f"They could not be run: {lines[-1]}")
    return compare(before, after)


def _checkout(root: Path, commit: str, clone: Path) -> Path:
    place.clone(root, clone)
    git.run(clone, "checkout", "--quiet", "--detach", commit)
    remove_unsafe(clone)
    return clone


def _passed(clone: Path, requirements: Path, python: str) -> set[str]:
    """Return the names of the tests of a clone that pass.

    Raises:
        CommandFailed: The package could not be installed, or pytest is missing or cannot start.
    """
    environment = clone.with_name(f"{clone.name}-environment")
    _uv(clone, "venv", "--quiet", "--python", python, str(environment), python=python)
    program = environment / "bin" / "python"
    install = ("pip", "install", "--quiet", "--python", str(program))
    _uv(clone, *install, "--requirements", str(requirements), python=python)
    _uv(clone, *install, "--no-deps", "--no-sources", str(clone), python=python)
    extra = {**process.without_secrets(), "PYTHONDONTWRITEBYTECODE": "1"}
    completed = process.attempt(str(program), "-m", "pytest", *REPORT, cwd=clone, extra=extra)
    found = read_outcomes(completed.stdout)
    if not found and completed.returncode not in {0, NO_TESTS}:
        raise process.failure(completed, "pytest")
    return {name for outcome, name in found if outcome == "PASSED"}


def read_outcomes(text: str) -> set[tuple[str, str]]:
    """Return the outcome and the name of each test in the summary of pytest. Pure."""
    return {(found[1], found[2]) for found in OUTCOME.finditer(text)}


def _uv(clone: Path, *arguments: str, python: str) -> None:
    uv.run(clone, *arguments, extra={**process.without_secrets(), "UV_PYTHON": python})
