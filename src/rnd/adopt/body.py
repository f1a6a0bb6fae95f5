"""The text of the pull request: what it does, what proves it, what is open. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.adopt.credentials import without_credentials

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis
    from rnd.adopt.branch import Branch
    from rnd.adopt.proof import Proof
    from rnd.adopt.trial import Trial

TITLE = "chore: join the fleet of rnd-template"
SHOWN = 50  # lines of one list; GitHub limits a body to 65,536 characters


def is_draft(branch: Branch, proof: Proof, tests: Trial) -> bool:
    """Return whether a person has to work on the branch before it can be merged."""
    return bool(branch.proposals) or not branch.locked or not proof.holds or not tests.holds


def body(found: Analysis, branch: Branch, proof: Proof, tests: Trial) -> str:
    """Return the text of the pull request, as Markdown."""
    name, version = found.declared.value("name"), found.declared.value("version")
    parts = [
        f"This pull request lets **{name}** join: it adds the pipeline, the hooks and the updates of rnd-template. "
        "Each commit can be reverted alone. No source file changes.",
        "## The package stays the same",
        _proof(proof),
        "## The tests that passed still pass",
        _tests(tests),
        "## Lines of this repository that change",
        _list([f"`{path}`: {count} lines are replaced or removed" for path, count in sorted(branch.changed.items())])
        or "None.",
        "## Open points",
        _list([*(_point(point.source, point.message) for point in found.points), *branch.points]) or "None.",
        "## After the merge",
        f"The first release continues after {found.tag or version}: the pipeline derives the next version from tags "
        "and commits. `rnd fleet status` lists the repository, and `rnd fleet apply` brings its settings in line.",
    ]
    return "\n\n".join(parts) + "\n"


def _proof(proof: Proof) -> str:
    lines = [f"{proof.compared} {'They are the same.' if proof.holds and not proof.differences else ''}".strip()]
    if proof.missing:
        lines.append(f"**The proof is not complete.** {proof.missing}")
    listed = [
        f"`{line}`" + (f" ({proof.explained[line]})" if line in proof.explained else "") for line in proof.differences
    ]
    text = "\n\n".join([*lines, *([_list(listed)] if listed else [])])
    return without_credentials(text)  # a wheel and a failed build show what the analysis does not read


def _tests(tests: Trial) -> str:
    if tests.missing:
        return without_credentials(tests.missing)
    line = f"{tests.before} passed before, {tests.after} passed after."
    lost = [f"`{name}` passed before, and does not pass any more" for name in tests.lost]
    return "\n\n".join([line, *([_list(lost)] if lost else [])])


def _point(source: str, message: str) -> str:
    return f"{source}: {message}" if source else message


def _list(lines: list[str]) -> str:
    more = [f"- … and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join([*(f"- {line}" for line in lines[:SHOWN]), *more])
