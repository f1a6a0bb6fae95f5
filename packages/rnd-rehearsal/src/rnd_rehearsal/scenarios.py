"""The stories that a rehearsal tells: each a function over a `Actors`, with what should be so at its end.

From 0.4.1, as the specification has it: any `fix` leads to 0.4.2, any `feat` to 0.5.0, any `BREAKING CHANGE` to
1.0.0, none of these to 0.4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

from rnd.github.settings.ruleset import OUR_RULES
from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.private_package import private_package
from rnd_rehearsal.rerun import rerun, rerun_without_app
from rnd_rehearsal.rest import Refusal
from rnd_rehearsal.sandbox import MAINTAINER, STRANGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd_rehearsal.actors import Actors


@dataclass(frozen=True)
class Scenario:
    """A story.

    Attributes:
        summary: One line.
        tell: Tells it.
        app: Whether the organisation has the GitHub App whose pushes start runs.
        failing: Patterns of the ids of the jobs whose every step fails once.
        tools: The dependency tools that it can be told with.
    """

    summary: str
    tell: Callable[[Actors], None]
    app: bool = True
    failing: tuple[str, ...] = ()
    tools: tuple[str, ...] = ("uv", "conda")


def first_release(story: Actors) -> None:
    """A new repository's first pull request proves its pipeline; merged, it releases the first version."""
    story.create()
    (number,) = [pull["number"] for pull in story.ask("GET", "/pulls")]
    story.check("making it has released nothing", story.tags() == set())
    story.check("main is protected", story.ask("GET", "/rules/branches/main"))
    story.check("its first pull request is green", story.pull_request(number)["mergeable_state"] == "clean")
    story.merge(number)
    story.check_released("0.1.0")


def from_stock_copier(story: Actors) -> None:
    """Plain copier and a sign-in with a browser lead to the same; what the command prints at its end is there."""
    ended = story.copy()
    story.check("it showed no secret", not any(secret in ended.said for secret in story.world.secrets().values()))
    number, page = 1, f"{story.world.forge.url}/{story.repository}"
    named = {"repository": page, "pull request": f"{page}/pull/{number}"}
    story.check("it ended with the repository and the pull request", ended.addresses == named)
    story.check("the addresses that it printed open", all(map(opens, ended.addresses.values())))
    policy = story.world.organisation.github
    teams = {team["slug"]: team["permission"] for team in story.ask("GET", "/teams", login=MAINTAINER)}
    story.check("each team may do what org.yml says", teams == policy.teams)
    rules = {rule["type"] for rule in story.ask("GET", "/rules/branches/main")}
    story.check("main is protected", set(OUR_RULES) <= rules)
    said = story.rnd("github", "check", login=MAINTAINER)
    story.check("nothing differs from org.yml", "matches org.yml" in said)
    story.check("its pull request is green", story.pull_request(number)["mergeable_state"] == "clean")
    story.merge(number)
    story.check_released("0.1.0")


def opens(address: str) -> bool:
    """Say whether an address leads to a page."""
    try:
        with urlopen(address) as page:  # noqa: S310 - the forge's own page
            return bool(page.status == HTTPStatus.OK)
    except HTTPError:
        return False


def feature(story: Actors) -> None:
    """The whole life: made, a feature proposed, its pipeline, merged, main's pipeline."""
    first_release(story)
    change(story, "feat: drive", "0.2.0")


def change(story: Actors, message: str, version: str, method: str = "squash", title: str | None = None) -> None:
    """Propose a change with one commit, merge it, and look for the release that follows."""
    subject = message.partition("\n")[0]
    story.commit("change", message)
    number = story.propose("change", title or subject)
    story.wait()
    story.check_proposed(number, version)
    story.merge(number, method)
    story.check_released(version)


def one_change(
    message: str, version: str, method: str = "squash", before: str = BEFORE, title: str | None = None
) -> Callable[[Actors], None]:
    """Return the story of one change to a repository that has released a version.

    Args:
        message: Of its one commit.
        version: The one that follows.
        method: How it is merged.
        before: The version that was released.
        title: Of the pull request; the message's subject when left out.
    """

    def tell(story: Actors) -> None:
        story.prepare(before)
        change(story, message, version, method, title)

    return tell


def fork(story: Actors) -> None:
    """A stranger's pull request is checked and explained, and publishes nothing."""
    story.prepare(BEFORE, private=False)
    story.world.caller(STRANGER).ask("POST", f"/repos/{story.repository}/forks", {})
    story.commit("change", "feat: drive", login=STRANGER)
    number = story.propose("change", "feat: drive", STRANGER)
    (run,) = story.wait()
    verdicts = {name: job.result and job.result.verdict for name, job in run.jobs.items()}
    story.check("its code was checked", verdicts["lint-and-test"] == "success")
    said = "".join(job.log.read_text(encoding="utf-8") for job in run.jobs.values() if job.log)
    story.check("the version is explained", "Next version: `0.5.0`" in said)
    story.check("nothing was published", story.wheels() == set())
    story.check("it waits for the version to be set by hand", verdicts["all-green"] == "failure")
    story.rnd("version", "set", login=STRANGER)
    story.git("commit", "--all", "--quiet", "--message", "chore(release): set version to 0.5.0", login=STRANGER)
    head = story.push("change", STRANGER)
    story.wait()
    story.check("then it is green", story.conclusions(head).get("all-green") == "success")
    story.check("and still nothing was published", story.wheels() == set())
    story.merge(number)
    story.check_released("0.5.0")


def two_at_once(story: Actors) -> None:
    """Two pull requests are open at once; the second is brought up to date, and neither release is lost."""
    story.prepare(BEFORE)
    story.commit("one", "feat: drive", "drive")
    story.commit("two", "fix: turn", "turn")
    first, second = story.propose("one", "feat: drive"), story.propose("two", "fix: turn")
    story.wait()
    story.check_proposed(first, "0.5.0")
    story.check_proposed(second, "0.4.2")
    story.merge(first)
    story.check_released("0.5.0")
    story.check("the second must be brought up to date first", refused(story, second))
    story.bring_up_to_date("two")
    story.check_proposed(second, "0.5.1")
    story.merge(second)
    story.check_released("0.5.1")
    story.check("nothing else was released", story.tags() == {BEFORE, "0.5.0", "0.5.1"})


def refused(story: Actors, number: int) -> bool:
    """Say whether the rules keep a pull request from being merged."""
    try:
        story.ask("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"}, MAINTAINER)
    except Refusal as refusal:
        return refusal.status == 405
    return False


def wrong_title(story: Actors) -> None:
    """A squash whose title says less than its commits is refused until the title is mended."""
    story.prepare(BEFORE)
    story.commit("change", "feat: drive")
    number = story.propose("change", "chore: tidy")
    story.wait()
    head = story.pull_request(number)["head"]["sha"]
    story.check("the title is refused", story.conclusions(head).get("version") == "failure")
    story.check("and so is the merge", refused(story, number))
    story.tell("the title is mended")
    story.ask("PATCH", f"/pulls/{number}", {"title": "feat: drive"})
    story.run_again(story.world.runner.runs[-1])
    story.check_proposed(number, "0.5.0")
    story.merge(number)
    story.check_released("0.5.0")


def hotfix(story: Actors) -> None:
    """A fix that begins at the last release comes in while main has gone on, and is released after it."""
    story.prepare(BEFORE)
    story.commit("hotfix", "fix: stop", "stop", start=BEFORE)
    change(story, "feat: drive", "0.5.0")
    number = story.propose("hotfix", "fix: stop")
    story.wait()
    story.check("it must be brought up to date first", refused(story, number))
    story.bring_up_to_date("hotfix")
    story.check_proposed(number, "0.5.1")
    story.merge(number)
    story.check_released("0.5.1")


SCENARIOS = {
    "first-release": Scenario("a new repository releases its first version", first_release),
    "stock-copier": Scenario(
        "plain copier and a sign-in with a browser, on a machine with nothing of ours", from_stock_copier
    ),
    "feature": Scenario("the whole life: made, a feature proposed, merged, released", feature),
    "fix": Scenario("a fix, merged by a merge commit: 0.4.1 to 0.4.2", one_change("fix: stop", "0.4.2", "merge")),
    "breaking": Scenario(
        "a breaking change after 1.0: 1.2.3 to 2.0.0",
        one_change("feat!: turn the other way", "2.0.0", before="1.2.3"),
    ),
    "breaking-before-1.0": Scenario(
        "a breaking change, rebased: 0.4.1 to 1.0.0",
        one_change("feat: turn\n\nBREAKING CHANGE: the other way", "1.0.0", "rebase", title="feat!: turn"),
    ),
    "untyped": Scenario("a change of no type: 0.4.1 to 0.4.2", one_change("Tidy the garage", "0.4.2")),
    "fork": Scenario("a stranger's pull request: checked, explained, nothing published", fork),
    "two-at-once": Scenario("two pull requests at once: two releases, none lost", two_at_once),
    "rerun": Scenario(
        "each step fails once, and re-runs complete, with nothing published twice", rerun, failing=("*",)
    ),
    "private-package": Scenario(
        "a package of the organisation's index: jobs read it, a fork's say why not",
        private_package,
        tools=("uv",),  # conda's packages all come from a channel, which is private in each story
    ),
    "wrong-title": Scenario("a squash whose title says less than its commits", wrong_title),
    "hotfix": Scenario("a fix from the last release while main goes on", hotfix),
    "without-app": Scenario(
        "no GitHub App: the run that sets the version does the rest, and fails in each step that this is about",
        rerun_without_app,
        app=False,
        failing=("version", "all-green"),
    ),
}
