"""What a run did: one outcome for each thing that it had to change, and why it ended early. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rnd.errors import RndError
    from rnd.fleet.governor import Paused

    # Of settings, of update pull requests, of both.
    SettingResult = Literal["applied", "done"]
    PullResult = Literal["opened", "renewed", "redrafted", "merged", "closed"]
    Result = SettingResult | PullResult | Literal["left-out", "failed", "not-reached"]


@dataclass(frozen=True)
class Outcome:
    """What happened to one setting, or to the update pull request, of one repository.

    Attributes:
        name: The repository.
        result: `applied` and `done` (it was in order already) are about settings; `opened`, `renewed`, `redrafted`,
            `merged` and `closed` about pull requests; `left-out`, `failed` and `not-reached` about both.
        text: The change, or the reason.
        code: The code of the error, if there was one.
        setting: The setting; empty for all of them, and for a pull request.
    """

    name: str
    result: Result
    text: str
    code: str = ""
    setting: str = ""


@dataclass
class Results:
    """What happened in a run.

    Attributes:
        outcomes: In the order in which they happened.
        paused: Why the run ended early, if GitHub's limits ended it.
        stopped: The error that ended the run, if one did.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    paused: Paused | None = None
    stopped: RndError | None = None

    def count(self) -> dict[str, int]:
        """Return how many outcomes there are of each result."""
        return dict(Counter[str](one.result for one in self.outcomes))
