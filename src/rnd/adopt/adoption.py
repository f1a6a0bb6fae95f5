"""The plan of an adoption: the branch, its proof, and the pull request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnd import git
from rnd.adopt.answers import derive_answers
from rnd.adopt.body import body, is_draft
from rnd.adopt.branch import Branch, make_branch, read_branch
from rnd.adopt.errors import Unclear
from rnd.adopt.place import BRANCH
from rnd.adopt.proof import Proof, prove
from rnd.adopt.report import text
from rnd.adopt.trial import PERMISSION, Trial, run_tests
from rnd.environments.conda import rattler
from rnd.errors import ExtraMissing, StepFailed
from rnd.github.repository import repository_at
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.repository import Existing
    from rnd.github.client import Addresses
    from rnd.organisation import Organisation
    from rnd.project.template import Template


@dataclass
class Adoption:
    """An adoption.

    Attributes:
        existing: The repository.
        found: Its analysis.
        data: The answers of the user.
        template: The template.
        run_its_code: Whether builds and tests may run code of the repository.
        python: The Python version that the pipeline works with, once the answers are known.
    """

    existing: Existing
    found: Analysis
    data: Mapping[str, str]
    template: Template
    run_its_code: bool
    python: str = ""
    _proofs: dict[str, Proof] = field(default_factory=dict)
    _tests: dict[str, Trial] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse an adoption with points that have to be settled first.

        Raises:
            Unclear: There are such points; the message lists them.
            ExtraMissing: Its conda environment has to be locked, and py-rattler is not installed.
        """
        if self.found.environment is not None and not rattler.is_installed():
            raise ExtraMissing.of("conda", "py-rattler")
        if blocking := [text(point) for point in self.found.points if point.blocks]:
            raise Unclear(
                "\n".join(
                    ["The repository does not say everything that it has to:", *(f"  {line}" for line in blocking)]
                )
            )

    def answers(self, organisation: Organisation, addresses: Addresses) -> dict[str, Any]:
        """Return the answers to the template's questions."""
        name = repository_name(self.existing.root, addresses)
        answers = derive_answers(self.found, self.existing.tree, self.data, organisation.python.versions, name)
        self.python = str(answers["python_version"])
        return answers

    def branch_step(self, answers: Mapping[str, Any]) -> Step:
        """Return the step that makes the branch."""

        def observe() -> State:
            branch = read_branch(self.existing.root, self.existing.commit)
            return done(f"at {branch.commit[:7]}") if branch else needed("no branch yet")

        def make() -> None:
            make_branch(self.existing, self.found, answers, self.template, build=self.run_its_code)

        return Step("branch", f"Make the branch {BRANCH}", observe, (Action("commit on a branch of its own", make),))

    def branch(self) -> Branch:
        """Return the branch that was made.

        Raises:
            StepFailed: There is none.
        """
        branch = read_branch(self.existing.root, self.existing.commit)
        if branch is None:
            raise StepFailed(f"The branch {BRANCH} is gone.")
        return branch

    def proof(self, branch: Branch) -> Proof:
        """Return the proof for the branch; built once."""
        if branch.commit not in self._proofs:
            proof = prove(self.existing, self.found, branch.commit, run_its_code=self.run_its_code)
            self._proofs[branch.commit] = proof
        return self._proofs[branch.commit]

    def tests(self, branch: Branch) -> Trial:
        """Return the tests before and after; run once, and only with permission."""
        if not self.run_its_code:
            return Trial(missing=PERMISSION)
        if self.found.environment is not None:
            return Trial(missing="They were not run: that is not possible yet with a conda environment.")
        if branch.commit not in self._tests:
            commits = (self.existing.commit, branch.commit)
            self._tests[branch.commit] = run_tests(self.existing.root, commits, self.python)
        return self._tests[branch.commit]

    def describe(self) -> tuple[str, bool]:
        """Return the text of the pull request, and whether it is a draft."""
        branch = self.branch()
        proof, tests = self.proof(branch), self.tests(branch)
        return body(self.found, branch, proof, tests), is_draft(branch, proof, tests)


def repository_name(root: Path, addresses: Addresses) -> str:
    """Return the name of a repository on GitHub, or that of its folder if it has no remote there."""
    origin = git.attempt(root, "remote", "get-url", "origin")
    there = repository_at(origin, addresses) if origin else None
    return there.name if there else root.name
