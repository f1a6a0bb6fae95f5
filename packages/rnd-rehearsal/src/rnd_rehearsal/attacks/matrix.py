"""The matrix of attackers and invariants: the attempts, what refused each, and why a cell is empty. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ATTACKERS = {
    "stranger": "opens a pull request from a fork",
    "contributor": "pushes branches and tags to one repository, and creates throw-away repositories",
    "dependency": "code in a test, hook, build backend or Dockerfile of one repository",
    "triage": "comments and labels",
    "local": "another account on a machine where `rnd` runs",
    "hostile": "a folder that somebody runs `rnd` in",
}
INVARIANTS = {
    "I1": "code of a repository runs where no credential can write a release, a protected ref, or another repository",
    "I2": "the release identity exists only on main, in the environment, in the central workflows, for its own names",
    "I3": "the development identity writes development names of its own repository only",
    "I4": "no job can read a long-lived secret",
    "I5": "what is released is what main built, by digest",
    "I6": "the required check is never green for what was not checked",
    "I7": "tags do not steer versions",
    "I8": "only the template's release moves the ref of the central actions",
    "I9": "no job registers a runner, and release identities stay off machines that run repository code",
    "I10": "tokens go to the configured host only, and a plan executes nothing of the folder",
    "I11": "other users of a machine neither enter a rehearsal nor disturb `rnd new`",
}
ACCOUNT = "has no account on GitHub or AWS; the attempts without credentials are the stranger's"
NO_RUN = "acts on a person's machine, where no job runs and no identity of a job exists"
REMOTE = "is not on the machine"
# Why a cell has no attempts.
EMPTY = {
    **{("local", one): ACCOUNT for one in ("I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9")},
    ("local", "I1"): "is not in the job's machine: that is the dependency's part",
    ("local", "I10"): "does not choose the folder: that is the hostile repository's part",
    **{("hostile", one): NO_RUN for one in ("I1", "I2", "I3", "I5", "I6", "I8", "I9")},
    ("hostile", "I11"): "is a folder of the same user",
    **{(who, "I10"): REMOTE for who in ("stranger", "contributor", "dependency", "triage")},
    **{(who, "I11"): REMOTE for who in ("stranger", "contributor", "dependency", "triage")},
    ("triage", "I1"): "cannot change code; I7 and I8 try to push",
    ("triage", "I3"): "starts no job with an identity",
    ("triage", "I4"): "starts no job",
    ("triage", "I9"): "starts no job",
    ("hostile", "I4"): NO_RUN,
    ("stranger", "I1"): "is the dependency's part: a fork's jobs run the same code with less",
}


class Refused(Exception):
    """An attempt failed.

    Attributes:
        by: What refused it, in a few words, such as `STS: AccessDenied`.
    """

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


@dataclass(frozen=True)
class Attack:
    """One way to break one invariant.

    Attributes:
        attacker: One of `ATTACKERS`.
        invariant: One of `INVARIANTS`.
        way: What is tried.
        act: Tries it in an arena: returns if it succeeded, and raises `Refused` if not.
    """

    attacker: str
    invariant: str
    way: str
    act: Callable[..., object]


@dataclass(frozen=True)
class Attempt:
    """The outcome of an attack; `by` is None if it succeeded."""

    attack: Attack
    by: str | None


ATTACKS: list[Attack] = []


def attack(invariant: str, *attackers: str, way: str = "") -> Callable[[Callable[..., object]], Any]:
    """Declare that a function tries one way to break an invariant, as some attackers.

    Args:
        invariant: One of `INVARIANTS`.
        attackers: Some of `ATTACKERS`.
        way: What is tried; by default, the function's docstring.
    """

    def declare(act: Callable[..., object]) -> Callable[..., object]:
        said = way or (act.__doc__ or "").rstrip(".")
        ATTACKS.extend(Attack(attacker, invariant, said[:1].lower() + said[1:], act) for attacker in attackers)
        return act

    return declare


@dataclass
class Matrix:
    """The attempts of a rehearsal."""

    attempts: list[Attempt] = field(default_factory=list)

    def cell(self, attacker: str, invariant: str) -> list[Attempt]:
        """Return the attempts of a cell."""
        return [one for one in self.attempts if (one.attack.attacker, one.attack.invariant) == (attacker, invariant)]

    def faults(self) -> list[str]:
        """Return what is wrong: attacks that succeeded, and empty cells without a reason."""
        found = [
            f"{one.attack.attacker} breaks {one.attack.invariant}: {one.attack.way}"
            for one in self.attempts
            if one.by is None
        ]
        return found + [
            f"{attacker} on {invariant} has neither attempts nor a reason"
            for attacker in ATTACKERS
            for invariant in INVARIANTS
            if not self.cell(attacker, invariant) and (attacker, invariant) not in EMPTY
        ]

    def rows(self) -> list[tuple[str, ...]]:
        """Return the rows of the table: refused and all attempts of each cell, `-` for a cell with a reason."""

        def text(attempts: Sequence[Attempt]) -> str:
            return f"{sum(one.by is not None for one in attempts)}/{len(attempts)}" if attempts else "-"

        return [(who, *(text(self.cell(who, invariant)) for invariant in INVARIANTS)) for who in ATTACKERS]

    def reasons(self) -> list[str]:
        """Return why each empty cell is empty, one line for each reason of an attacker."""
        grouped: dict[tuple[str, str], list[str]] = {}
        for (attacker, invariant), why in EMPTY.items():
            if not self.cell(attacker, invariant):
                grouped.setdefault((attacker, why), []).append(invariant)
        return [f"no attempts by {who} on {', '.join(those)}: {who} {why}" for (who, why), those in grouped.items()]

    def refusals(self) -> list[tuple[str, str, str]]:
        """Return how often each thing refused an attempt, by invariant."""
        counts = Counter((one.attack.invariant, one.by) for one in self.attempts if one.by is not None)
        ordered = sorted(counts.items(), key=lambda item: (list(INVARIANTS).index(item[0][0]), -item[1]))
        return [(invariant, str(number), str(by)) for (invariant, by), number in ordered]

    def document(self) -> dict[str, Any]:
        """Return the matrix for `--json`."""
        return {
            "attempts": [
                {
                    "attacker": one.attack.attacker,
                    "invariant": one.attack.invariant,
                    "way": one.attack.way,
                    "refused_by": one.by,
                }
                for one in self.attempts
            ],
            "empty": self.reasons(),
        }
