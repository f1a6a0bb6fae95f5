"""The scenario `fork`: a stranger's pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.services import STRANGER

if TYPE_CHECKING:
    from rnd_rehearsal.actors import Actors


def fork(actors: Actors) -> None:
    """A stranger's pull request is checked and explained, and publishes nothing."""
    actors.prepare(BEFORE, private=False)
    actors.sandbox.caller(STRANGER).ask("POST", f"/repos/{actors.repository}/forks", {})
    actors.commit("change", "feat: drive", login=STRANGER)
    number = actors.propose("change", "feat: drive", STRANGER)
    actors.approve()
    (run,) = actors.wait()
    verdicts = {name: result.verdict for name, result in run.results().items()}
    actors.check("its code was checked", verdicts["lint-and-test"] == "success")
    said = "".join(job.log.read_text(encoding="utf-8") for job in run.jobs.values() if job.log)
    actors.check("the version is explained", "Next version: `0.5.0`" in said)
    actors.check("nothing was published", actors.wheels() == set())
    actors.check("it waits for the version to be set by hand", verdicts["all-green"] == "failure")
    actors.rnd("version", "set", login=STRANGER)
    actors.git("commit", "--all", "--quiet", "--message", "chore(release): set version to 0.5.0", login=STRANGER)
    head = actors.push("change", STRANGER)
    actors.approve()
    actors.wait()
    actors.check("then it is green", actors.conclusions(head).get("all-green") == "success")
    actors.check("and still nothing was published", actors.wheels() == set())
    actors.merge(number)
    actors.check_released("0.5.0")
