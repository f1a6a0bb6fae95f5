"""The scenarios in which everything fails: each step once, after its work, and the services at the worst moments.

What failed is run again until nothing fails. Then everything is there, and nothing is there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import DROP, once, refusal
from rnd_rehearsal import hosted_workflows, step_faults
from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.calls import Source
from rnd_rehearsal.package_index import CUT_LATE, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.loopback import Answer
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.runs import Run
    from rnd_rehearsal.step_faults import FailingStep, StepFaults

PATIENCE = 3  # attempts in which no further step failed for the first time; the services' own faults take one each
NEXT = "0.5.0"


def rerun(actors: Actors) -> None:
    """Each step of both pipelines fails once, and what failed is run again, with a push of more in between."""
    pushed = watch_images(actors)
    actors.prepare(BEFORE)
    where = f"/api/v3/repos/{actors.repository}"
    actors.sandbox.hub.faults.append(once("POST", f"{where}/issues/1/comments", DROP, "after"))
    actors.sandbox.development.uploads = iter([Fault(status=403), CUT_LATE])
    number = propose(actors)
    run_until(actors, lambda: bool(actors.wheels()))
    actors.report("a development wheel is out, its run has failed, and another commit is pushed")
    actors.commit("change", "fix: turn", "turn")
    actors.wait()
    run_until(actors)
    actors.check_proposed(number, NEXT, heads=2)
    check_version_commit(actors, number)
    check_every_step(actors, actors.sandbox.runner.runs[-1])

    refused = once("POST", f"{where}/releases", refusal(403, "Resource not accessible by integration"))
    actors.sandbox.hub.faults += [refused, once("POST", f"{where}/releases", DROP, "after")]
    actors.sandbox.index.uploads = iter([CUT_LATE])
    actors.merge(number)
    run_until(actors, lambda: NEXT in actors.tags())
    last = actors.sandbox.runner.runs[-1]
    actors.check("the release is made, last, and its step has failed", last.failed() == ["release"])
    again = actors.run_again(last, only_failed=False)
    actors.check("all jobs are run again, and find everything there", again.conclusion == "success")
    check_every_step(actors, again)
    actors.check_released(NEXT)
    check_nothing_twice(actors, wheels=3, pushed=pushed)


def rerun_without_app(actors: Actors) -> None:
    """No GitHub App: the run that pushes the version does the rest, also where it fails after that push."""
    actors.prepare(BEFORE)
    number = propose(actors)
    run_until(actors)
    actors.check("one run did it all", len({run.number for run in actors.sandbox.runner.runs if run.attempt == 1}) == 1)
    actors.check_proposed(number, NEXT)
    check_version_commit(actors, number)
    actors.merge(number)
    actors.check_released(NEXT)
    check_nothing_twice(actors, wheels=2)


def propose(actors: Actors) -> int:
    """Open a pull request with a feature, let its first run end, and return its number."""
    actors.commit("change", "feat: drive")
    number = actors.propose("change", "feat: drive")
    actors.wait()
    return number


def run_until(actors: Actors, reached: Callable[[], bool] = lambda: False) -> None:
    """Run what failed of the newest run again, until nothing fails, or it fails for reasons of its own.

    Args:
        actors: Where.
        reached: Says that it is enough before that.
    """
    faults = actors.sandbox.runner.settings.faults
    assert faults is not None  # noqa: S101 - the scenario says so
    idle = 0
    while not reached() and idle < PATIENCE and (run := actors.sandbox.runner.runs[-1]).conclusion != "success":
        before = faults.count()
        actors.run_again(run)
        idle = 0 if faults.count() > before else idle + 1


def watch_images(actors: Actors) -> list[str]:
    """Return a list that takes each tag that is given to an image from now on, with the image's repository."""
    pushed: list[str] = []
    if actors.sandbox.images is not None:

        def around(name: str, act: Callable[[], Answer]) -> Answer:
            answer = act()
            if name.startswith("PUT ") and "/manifests/" in name and answer[0] == 201:
                pushed.append(name)
            return answer

        actors.sandbox.images.registry.around = around
    return pushed


def check_version_commit(actors: Actors, number: int) -> None:
    """Look whether the version was committed to the branch once."""
    subjects = [one["commit"]["message"] for one in actors.ask("GET", f"/pulls/{number}/commits")]
    made = [subject for subject in subjects if subject.startswith("chore(release)")]
    actors.check("one commit sets the version", len(made) == 1)


def check_nothing_twice(actors: Actors, *, wheels: int, pushed: list[str] | None = None) -> None:
    """Look whether each thing was published once.

    Args:
        actors: Where.
        wheels: How many there should be.
        pushed: The tags that were given to images.
    """
    indexes = (actors.sandbox.index, actors.sandbox.development)
    accepted, kept = (
        sum(found) for found in zip(*((one.accepted, len(one.content())) for one in indexes), strict=True)
    )
    actors.check(f"the indexes have taken {wheels} uploads, each once", accepted == kept == wheels)
    released = [one["tag_name"] for one in actors.hosted.releases.values()]
    actors.check("it made one tag and one release", actors.tags() == {BEFORE, NEXT} == set(released))
    actors.check("none was made twice", len(released) == 2)
    twice = sorted({tag for tag in pushed or [] if (pushed or []).count(tag) > 1})
    actors.check("no tag was given to an image twice", twice == [])


def check_every_step(actors: Actors, run: Run) -> None:
    """Look whether every step of a run's workflow has failed once, where it had something to do."""
    faults = actors.sandbox.runner.settings.faults
    assert faults is not None  # noqa: S101 - the scenario says so
    expected = expected_steps(actors, run, faults)
    failed = {(job, name) for job, _ in expected for name in faults.failed(run.path, job)}
    spared = {key: step for key, step in expected.items() if key not in failed}
    idle = sorted({step.title for step in spared.values()})
    actors.report(f"{len(failed)} steps of {run.name} have failed; these had nothing to do: {', '.join(idle)}")
    skipped = set(expected_steps(actors, run, faults, skipped=True))
    demanded = {key for key, step in expected.items() if not step.is_conditional} - skipped
    actors.check(f"every step of {run.name} has failed once", demanded <= failed <= set(expected) and failed)


def expected_steps(
    actors: Actors, run: Run, faults: StepFaults, *, skipped: bool = False
) -> dict[tuple[str, str], FailingStep]:
    """Return the steps of a run's workflow as it is written, by job and by the name of what they leave.

    Args:
        actors: Where.
        run: The run.
        faults: What lets steps fail.
        skipped: Return those of jobs that the run has skipped only.
    """
    written = hosted_workflows.workflows_at(actors.hosted, run.event.sha)[run.path]
    source = Source(run.repository, run.path, run.event.ref, run.event.sha)
    places, _ = actors.sandbox.runner.plan(source, written, failing=False)
    actions = step_faults.central_actions(actors.sandbox.checkout)
    return {
        (place.ids[0], f"{place.ids[-1]}.{step.name}"): step
        for place in places.values()
        if not skipped or run.is_skipped(place)
        for step in faults.steps(place.written, actions)
    }
