"""The scenario `fleet`: a release goes through the rings to six repositories, and its actions are taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd_rehearsal.fleet import AFTER, ALL, BEACON, BEFORE, CANARIES, GLIDER, LANDER, ORBITER, RELAY, ROVER, Fleet
from rnd_rehearsal.fleet import actions_of as versions_in
from rnd_rehearsal.rest import Refusal

if TYPE_CHECKING:
    from rnd_rehearsal.actors import Actors

OLD, NEW, LATER = "1.0.0", "1.1.0", "1.2.0"


def fleet(actors: Actors) -> None:
    """Updates merge themselves in the canary ring, one conflicts, one turns red; the rollback reaches every job."""
    there = Fleet(actors)
    there.configure()
    there.release(OLD)
    there.forget_branches()
    there.create(OLD)
    given = there.rnd("promote", OLD)
    actors.check(f"every ring has {OLD}", given.returncode == 0 and "canary" in given.stdout and "all" in given.stdout)
    there.release(NEW, old=BEFORE, new=AFTER)
    canary(there)
    everybody(there)
    rollback(there)
    later(there)
    page(there)


def canary(there: Fleet) -> None:
    """The first ring gets the release; green updates merge themselves, and a red one is in the way of the next ring."""
    actors = there.actors
    given = there.rnd("promote", NEW)
    actors.check(f"the canary ring gets {NEW}", given.returncode == 0 and f"give {NEW} to canary" in given.stdout)
    opened = there.rnd("update", "--quiet")
    actors.check("a tick opens the pull requests of the canary ring", opened.returncode == 0)
    counts = {project: len(there.pulls(project, "open")) for project in ALL}
    actors.check("one in each of its repositories, and no other", counts == {one: int(one in CANARIES) for one in ALL})
    runs = there.wait()
    actors.check(f"their jobs run the actions of {NEW}", set().union(*map(versions_in, runs)) == {NEW})
    there.rnd("update", "--quiet")
    merged = {project for project in CANARIES if there.pulls(project)[0]["merged_at"]}
    actors.check("the next tick merges the green ones, and not the red one", merged == {ROVER, ORBITER})
    there.wait()
    actors.check(f"main of both has {NEW}", [there.version(one) for one in (ROVER, ORBITER)] == [NEW, NEW])
    red = there.rnd("promote", NEW, "--ring", "all")
    actors.check("a red canary is in the way", red.returncode and f"red: {there.name(LANDER)}" in red.stderr)


def everybody(there: Fleet) -> None:
    """The red repository refuses the release, and the others get it: one conflicts, one is held."""
    actors = there.actors
    actors.report(f"the owner of {LANDER} closes its pull request")
    number = there.pulls(LANDER, "open")[0]["number"]
    there.ask(LANDER, "PATCH", f"/pulls/{number}", {"state": "closed"})
    early = there.rnd("promote", NEW)
    actors.check("without --ring, the hours of the ring count", early.returncode and "24 h to go" in early.stderr)
    given = there.rnd("promote", NEW, "--ring", "all")
    actors.check(f"named, the ring gets {NEW}", given.returncode == 0 and f"give {NEW} to all" in given.stdout)
    there.rnd("update", "--quiet")
    runs = there.wait()
    actors.check(f"its jobs run the actions of {NEW} too", set().union(*map(versions_in, runs)) == {NEW})
    actors.check("who closed it is not asked again", [one["state"] for one in there.pulls(LANDER)] == ["closed"])
    actors.check("the held repository has no pull request", there.pulls(GLIDER) == [])
    (green,), (conflict,) = there.pulls(BEACON), there.pulls(RELAY)
    found = there.ask(BEACON, "GET", f"/pulls/{green['number']}")
    actors.check("the pull request without conflicts is green", found["mergeable_state"] == "clean")
    actors.check("the one with conflicts is a draft", conflict["draft"] and not green["draft"])
    actors.check("which nobody can merge", refused(there, RELAY, conflict["number"]))


def refused(there: Fleet, project: str, number: int) -> bool:
    """Return whether a pull request cannot be merged."""
    try:
        there.ask(project, "PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})
    except Refusal as refusal:
        return refusal.status == 405
    return False


def rollback(there: Fleet) -> None:
    """The release is taken back: every next job runs the actions before, and its pull requests are closed."""
    actors = there.actors
    back = there.rnd("rollback", "--actions")
    actors.check(f"{NEW} is taken back", back.returncode == 0 and f"take back {NEW}" in back.stdout)
    actors.check(f"the next job of every repository runs {OLD}", there.nightly() == dict.fromkeys(ALL, OLD))
    there.rnd("update", "--quiet")
    opened = {project: len(there.pulls(project, "open")) for project in ALL}
    actors.check("the next tick closes the open pull requests", opened == dict.fromkeys(ALL, 0))


def later(there: Fleet) -> None:
    """A later release is given after the rollback: the branch goes on, and the next job of the ring runs it."""
    actors = there.actors
    branch = actors.sandbox.organisation.template.canary_ref
    before = there.tip(branch)
    there.release(LATER)
    given = there.rnd("promote", LATER)
    actors.check(f"the canary ring gets {LATER}", given.returncode == 0 and f"give {LATER} to canary" in given.stdout)
    actors.check("its branch goes on, without force", there.goes_on(branch, before))
    ran = there.nightly((ROVER, BEACON))
    actors.check(f"the next job of the canary ring runs {LATER}, and no other", ran == {ROVER: LATER, BEACON: OLD})


def page(there: Fleet) -> None:
    """The page shows all repositories."""
    actors = there.actors
    path = actors.sandbox.folder / "fleet.html"
    ended = there.rnd("status", "--html", str(path))
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    actors.check("the page is written", text.startswith("<!doctype html>"))
    actors.check("it has all repositories", all(there.name(project) in text for project in ALL))
    actors.check("status reports what is behind", "behind" in ended.stdout or OLD in ended.stdout)
