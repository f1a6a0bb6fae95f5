"""Apply a plan: repository by repository, one write at a time. Each setting is observed right before it is written.

What is no longer as the plan found it is left out. A repository that fails does not affect the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rnd.errors import RndError
from rnd.fleet.errors import ChangedSince, FleetStopped
from rnd.fleet.governor import Breaker, Paused
from rnd.fleet.recognition import check_same
from rnd.fleet.results import Outcome, Results
from rnd.github.errors import MainUnproven, PlanLacks, RateLimited, SignInNeeded
from rnd.github.repository import Repository
from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.setting import RepositoryContext
from rnd.plan import Plan, done, needed
from rnd.progress import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rnd.fleet.governor import Governor
    from rnd.fleet.plan_file import PlannedRepository
    from rnd.fleet.results import Result
    from rnd.github.client import Client
    from rnd.github.settings.diff import Change
    from rnd.github.settings.setting import Document, Setting
    from rnd.organisation import Organisation
    from rnd.plan import State, Step


@dataclass(frozen=True)
class Applier:
    """Applies the changes of a plan.

    Attributes:
        client: The GitHub client.
        organisation: The values of org.yml.
        governor: Keeps within GitHub's limits.
        tell: Is called with each outcome.
    """

    client: Client
    organisation: Organisation
    governor: Governor
    tell: Callable[[Outcome], object] = lambda _: None

    def run(
        self,
        planned: Sequence[PlannedRepository],
        left_out: Mapping[int, str],
        names: Mapping[int, str],
        at_most: int | None = None,
    ) -> Results:
        """Apply the changes of some repositories.

        Args:
            planned: The repositories.
            left_out: Why a repository is not as the plan found it, by ID.
            names: The present names, by ID.
            at_most: How many repositories to change.
        """
        results = Results()
        breaker = Breaker(self.organisation.fleet.stop, len(planned))
        changed = 0
        for place, one in enumerate(planned):
            name = names.get(one.id, one.name)
            if one.id in left_out:
                self._note(results, Outcome(name, "left-out", left_out[one.id], ChangedSince.code))
                continue
            if at_most is not None and changed >= at_most:
                self._rest(results, planned[place:], names, "--at-most")
                break
            try:
                self._repository(results, one, name, breaker)
            except Paused as paused:
                results.paused = paused
            except (FleetStopped, SignInNeeded) as error:
                results.stopped = error
            if results.paused or results.stopped:
                self._rest(results, planned[place + 1 :], names, "the run ended before it")
                break
            changed += 1
        return results

    def _repository(self, results: Results, one: PlannedRepository, name: str, breaker: Breaker) -> None:
        """Apply the changes of one repository; the first error ends them."""
        repository = Repository(self.organisation.github.owner, name)
        context = RepositoryContext(self.client, repository, self.organisation.github)
        planned = one.by_setting()
        left = [setting.key for setting in settings_and_guards(context) if setting.key in planned]
        settings: dict[str, Setting] = {}
        while left:
            key = left[0]
            try:
                self.governor.check()
                settings = settings or {found.key: found for found in settings_and_guards(recognised(context, one))}
                (outcome,) = Plan(name, (as_planned(settings[key], planned[key]),)).apply(Quiet())
            except (Paused, RateLimited) as error:
                self._unreached(results, name, left)
                raise (error if isinstance(error, Paused) else self.governor.pause_for(error)) from error
            except (ChangedSince, MainUnproven, PlanLacks) as error:  # none is a failure that trying again changes
                self._note(results, Outcome(name, "left-out", error.message, error.code, key if settings else ""))
                if not settings:  # not the planned repository, or not where it was
                    return
            except RndError as error:
                self._note(results, Outcome(name, "failed", error.message, error.code, key))
                self._unreached(results, name, left[1:])
                if isinstance(error, SignInNeeded):
                    raise
                breaker.failed(error)
                return
            else:
                result: Result = "applied" if outcome.result == "applied" else "done"
                self._note(results, Outcome(name, result, "; ".join(map(str, planned[key])), setting=key))
            left.pop(0)
        breaker.succeeded()

    def _note(self, results: Results, outcome: Outcome) -> None:
        results.outcomes.append(outcome)
        self.tell(outcome)

    def _unreached(self, results: Results, name: str, settings: Sequence[str]) -> None:
        results.outcomes += [
            Outcome(name, "not-reached", "the run ended before it", setting=setting) for setting in settings
        ]

    def _rest(
        self, results: Results, planned: Sequence[PlannedRepository], names: Mapping[int, str], reason: str
    ) -> None:
        results.outcomes += [
            Outcome(names.get(one.id, one.name), "not-reached", reason, setting=setting)
            for one in planned
            for setting in one.by_setting()
        ]


@dataclass(frozen=True)
class _Described(RepositoryContext):
    """A repository whose description was just read: the first setting that needs it does not read it again."""

    descriptions: list[Document] = field(default_factory=list)

    def document(self) -> Document:
        return self.descriptions.pop() if self.descriptions else super().document()


def recognised(context: RepositoryContext, planned: PlannedRepository) -> RepositoryContext:
    """Return a repository, under its present name, if it is the planned one and still in the organisation.

    Raises:
        ChangedSince: It is another repository, archived, or in another organisation.
        RndError: It cannot be read.
    """
    document = context.document()
    repository = check_same(document, context.repository, planned.id)
    return _Described(context.client, repository, context.config, descriptions=[document])


def as_planned(setting: Setting, planned: Sequence[Change]) -> Step:
    """Return the step of a setting, which refuses to change what is no longer as a plan found it.

    A part of the planned changes may be done already: a run that was killed has done them.

    Raises:
        ChangedSince: From the first `observe`, before anything was changed.
    """
    step = setting.step()
    is_checked = False

    def observe() -> State:
        nonlocal is_checked
        if is_checked:
            return step.observe()
        is_checked = True
        changes = setting.changes()
        text = "; ".join(map(str, changes))
        if not set(changes) <= set(planned):
            raise ChangedSince(f"it changed since the plan: {text}")
        return needed(text) if changes else done("matches org.yml")

    return replace(step, observe=observe)
