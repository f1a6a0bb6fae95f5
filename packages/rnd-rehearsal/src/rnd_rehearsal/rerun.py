"""The stories in which everything fails: each step once, after its work, and the services at the worst moments.

What failed is run again until nothing fails. Then everything is there, and nothing is there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_github import DROP, once, refusal
from rnd_rehearsal import runs, step_faults, workflow_files, workflows
from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.package_index import CUT_LATE, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.loopback import Answer
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.runs import Run
    from rnd_rehearsal.step_faults import FailingStep, StepFaults

PATIENCE = 3  # attempts in which no further step failed for the first time; the services' own faults take one each
NEXT = "0.5.0"


def rerun(story: Actors) -> None:
    """Each step of both pipelines fails once, and what failed is run again, with a push of more in between."""
    pushed = watch_images(story)
    story.prepare(BEFORE)
    where = f"/api/v3/repos/{story.repository}"
    story.world.forge.faults.append(once("POST", f"{where}/issues/1/comments", DROP, "after"))
    story.world.index.uploads = iter([Fault(status=403), CUT_LATE])
    number = propose(story)
    run_until(story, lambda: bool(story.wheels()))
    story.tell("a development wheel is out, its run has failed, and another commit is pushed")
    story.commit("change", "fix: turn", "turn")
    story.wait()
    run_until(story)
    story.check_proposed(number, NEXT, heads=2)
    check_version_commit(story, number)
    check_every_step(story, story.world.runner.runs[-1])

    refused = once("POST", f"{where}/releases", refusal(403, "Resource not accessible by integration"))
    story.world.forge.faults += [refused, once("POST", f"{where}/releases", DROP, "after")]
    story.world.index.uploads = iter([CUT_LATE])
    story.merge(number)
    run_until(story, lambda: NEXT in story.tags())
    last = story.world.runner.runs[-1]
    story.check("the release is made, last, and its step has failed", last.failed() == ["release"])
    again = story.run_again(last, only_failed=False)
    story.check("all jobs are run again, and find everything there", again.conclusion == "success")
    check_every_step(story, again)
    story.check_released(NEXT)
    check_nothing_twice(story, wheels=3, pushed=pushed)


def rerun_without_app(story: Actors) -> None:
    """No GitHub App: the run that pushes the version does the rest, also where it fails after that push."""
    story.prepare(BEFORE)
    number = propose(story)
    run_until(story)
    story.check("one run did it all", len({run.number for run in story.world.runner.runs if run.attempt == 1}) == 1)
    story.check_proposed(number, NEXT)
    check_version_commit(story, number)
    story.merge(number)
    story.check_released(NEXT)
    check_nothing_twice(story, wheels=2)


def propose(story: Actors) -> int:
    """Open a pull request with a feature, let its first run end, and return its number."""
    story.commit("change", "feat: drive")
    number = story.propose("change", "feat: drive")
    story.wait()
    return number


def run_until(story: Actors, reached: Callable[[], bool] = lambda: False) -> None:
    """Run what failed of the newest run again, until nothing fails, or it fails for reasons of its own.

    Args:
        story: Where.
        reached: Says that it is enough before that.
    """
    faults = story.world.runner.settings.faults
    assert faults is not None  # noqa: S101 - the scenario says so
    idle = 0
    while not reached() and idle < PATIENCE and (run := story.world.runner.runs[-1]).conclusion != "success":
        before = faults.count()
        story.run_again(run)
        idle = 0 if faults.count() > before else idle + 1


def watch_images(story: Actors) -> list[str]:
    """Return a list that takes each tag that is given to an image from now on."""
    pushed: list[str] = []
    if story.world.images is not None:

        def around(name: str, act: Callable[[], Answer]) -> Answer:
            answer = act()
            if name.startswith("PUT ") and "/manifests/" in name and answer[0] == 201:
                pushed.append(name.rpartition("/")[2])
            return answer

        story.world.images.registry.around = around
    return pushed


def check_version_commit(story: Actors, number: int) -> None:
    """Look whether the version was committed to the branch once."""
    subjects = [one["commit"]["message"] for one in story.ask("GET", f"/pulls/{number}/commits")]
    made = [subject for subject in subjects if subject.startswith("chore(release)")]
    story.check("one commit sets the version", len(made) == 1)


def check_nothing_twice(story: Actors, *, wheels: int, pushed: list[str] | None = None) -> None:
    """Look whether each thing was published once.

    Args:
        story: Where.
        wheels: How many there should be.
        pushed: The tags that were given to images.
    """
    index = story.world.index
    story.check(f"the index has taken {wheels} uploads, each once", index.accepted == len(index.content()) == wheels)
    released = [one["tag_name"] for one in story.hosted.releases.values()]
    story.check("one tag and one release came of it", story.tags() == {BEFORE, NEXT} == set(released))
    story.check("none was made twice", len(released) == 2)
    twice = sorted({tag for tag in pushed or [] if (pushed or []).count(tag) > 1})
    story.check("no tag was given to an image twice", twice == [])


def check_every_step(story: Actors, run: Run) -> None:
    """Look whether every step of a run's workflow has failed once, where it had something to do."""
    faults = story.world.runner.settings.faults
    assert faults is not None  # noqa: S101 - the scenario says so
    expected = expected_steps(story, run, faults)
    failed = {(job, name) for job, _ in expected for name in faults.failed(run.path, job)}
    spared = {key: step for key, step in expected.items() if key not in failed}
    idle = sorted({step.title for step in spared.values()})
    story.tell(f"{len(failed)} steps of {run.name} have failed; these had nothing to do: {', '.join(idle)}")
    demanded = {key for key, step in expected.items() if not step.is_conditional}
    story.check(f"every step of {run.name} has failed once", demanded <= failed <= set(expected) and failed)


def expected_steps(story: Actors, run: Run, faults: StepFaults) -> dict[tuple[str, str], FailingStep]:
    """Return the steps of a run's workflow as it is written, by job and by the name of what they leave."""
    settings = story.world.runner.settings
    written = {
        path: workflow_files.fit(document, volumes=None, left_out=settings.left_out)[0]
        for path, document in runs.workflows_at(story.hosted, run.event.sha).items()
    }
    actions = step_faults.central_actions(story.world.checkout)
    found: dict[tuple[str, str], FailingStep] = {}
    for job, document in written[run.path]["jobs"].items():
        callee = workflows.called_workflow(document)
        for inner, one in written[callee]["jobs"].items() if callee else [(job, document)]:
            found |= {(job, f"{inner}.{step.name}"): step for step in faults.steps(one, actions)}
    return found
