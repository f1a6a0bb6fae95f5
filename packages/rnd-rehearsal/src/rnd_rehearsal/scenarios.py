"""The scenarios of a rehearsal: each a function over `Actors`, with checks at its end.

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
from rnd_rehearsal.adopt_aws_scenario import adopt_aws
from rnd_rehearsal.adopt_scenario import adopt
from rnd_rehearsal.attacks import scenario as attacks
from rnd_rehearsal.changes import change, change_with_wrong_title, propose_hotfix, propose_two
from rnd_rehearsal.fleet_scenario import fleet
from rnd_rehearsal.fork_scenario import fork
from rnd_rehearsal.private_package import private_package
from rnd_rehearsal.rerun import rerun, rerun_without_app
from rnd_rehearsal.research_scenario import research
from rnd_rehearsal.services import MAINTAINER, Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd_rehearsal.actors import Actors


USUAL = Options(images=True)


@dataclass(frozen=True)
class Scenario:
    """A scenario.

    Attributes:
        summary: One line.
        run: Runs it.
        options: What its sandbox has, and whether it makes images where this machine can.
        tools: The dependency tools that it can run with.
    """

    summary: str
    run: Callable[[Actors], None]
    options: Options = USUAL
    tools: tuple[str, ...] = ("uv", "conda")


def first_release(actors: Actors) -> None:
    """A new repository's first pull request proves its pipeline; merged, it releases the first version."""
    actors.create()
    (number,) = [pull["number"] for pull in actors.ask("GET", "/pulls")]
    actors.check("making it has released nothing", actors.tags() == set())
    actors.check("main is protected", actors.ask("GET", "/rules/branches/main"))
    actors.check("its first pull request is green", actors.pull_request(number)["mergeable_state"] == "clean")
    actors.merge(number)
    actors.check_released("0.1.0")


def from_stock_copier(actors: Actors) -> None:
    """Plain copier and a sign-in with a browser lead to the same; what the command prints at its end is there."""
    ended = actors.copy()
    actors.check("it showed no secret", not any(secret in ended.said for secret in actors.sandbox.secrets().values()))
    number, page = 1, f"{actors.sandbox.hub.url}/{actors.repository}"
    named = {"repository": page, "pull request": f"{page}/pull/{number}"}
    actors.check("it ended with the repository and the pull request", ended.addresses == named)
    actors.check("the addresses that it printed open", all(map(opens, ended.addresses.values())))
    policy = actors.sandbox.organisation.github
    teams = {team["slug"]: team["permission"] for team in actors.ask("GET", "/teams", login=MAINTAINER)}
    actors.check("each team may do what org.yml says", teams == policy.teams)
    rules = {rule["type"] for rule in actors.ask("GET", "/rules/branches/main")}
    actors.check("main is protected", set(OUR_RULES) <= rules)
    said = actors.rnd("github", "check", login=MAINTAINER)
    actors.check("nothing differs from org.yml", "matches org.yml" in said)
    actors.check("its pull request is green", actors.pull_request(number)["mergeable_state"] == "clean")
    actors.merge(number)
    actors.check_released("0.1.0")


def opens(address: str) -> bool:
    """Return whether an address leads to a page."""
    try:
        with urlopen(address) as page:  # noqa: S310 - the fake GitHub's own page
            return bool(page.status == HTTPStatus.OK)
    except HTTPError:
        return False


def feature(actors: Actors) -> None:
    """The full lifecycle: create, propose a feature, merge it, release it."""
    first_release(actors)
    change(actors, "feat: drive", "0.2.0")


def one_change(
    message: str, version: str, method: str = "squash", before: str = BEFORE, title: str | None = None
) -> Callable[[Actors], None]:
    """Return the scenario of one change to a repository that has released a version.

    Args:
        message: Of its one commit.
        version: The one that follows.
        method: How it is merged.
        before: The version that was released.
        title: Of the pull request; the message's subject when left out.
    """

    def run(actors: Actors) -> None:
        actors.prepare(before)
        change(actors, message, version, method, title)

    return run


def two_at_once(actors: Actors) -> None:
    """Two pull requests are open at the same time; the second is brought up to date, and neither release is lost."""
    actors.prepare(BEFORE)
    propose_two(actors)


def without_aws(actors: Actors) -> None:
    """Branches publish with the secrets of the repository, releases with those of the environment; none is shown."""
    actors.prepare(BEFORE)
    actors.commit("change", "Tidy the garage")
    number = actors.propose("change", "Tidy the garage")
    actors.wait()
    actors.check_proposed(number, "0.4.2")
    actors.merge(number)
    actors.check_released("0.4.2")
    runs = actors.sandbox.runner.runs
    said = "".join(job.log.read_text(encoding="utf-8") for run in runs for job in run.jobs.values() if job.log)
    passwords = (actors.sandbox.index.token, actors.sandbox.development.token)
    actors.check("no log shows a password", not any(password in said for password in passwords))
    taken = [index.accepted for index in (actors.sandbox.index, actors.sandbox.development)]
    actors.check("each index took one wheel", taken == [1, 1])


def wrong_title(actors: Actors) -> None:
    """A squash whose title says less than its commits is refused until the title is fixed."""
    actors.prepare(BEFORE)
    change_with_wrong_title(actors, "feat: drive", "0.5.0")


def hotfix(actors: Actors) -> None:
    """A fix that begins at the last release comes in while main has gone on, and is released after it."""
    actors.prepare(BEFORE)
    actors.commit("hotfix", "fix: stop", "stop", start=BEFORE)
    change(actors, "feat: drive", "0.5.0")
    propose_hotfix(actors, "0.5.1")


SCENARIOS = {
    "first-release": Scenario("a new repository releases its first version", first_release),
    "stock-copier": Scenario(
        "plain copier and a sign-in with a browser, on a machine with nothing of ours", from_stock_copier
    ),
    "feature": Scenario("the full lifecycle: create, propose a feature, merge, release", feature),
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
    "two-at-once": Scenario("two simultaneous pull requests: two releases, none lost", two_at_once),
    "rerun": Scenario(
        "each step fails once, and re-runs complete, with nothing published twice",
        rerun,
        Options(images=True, failing=("*",)),
    ),
    "private-package": Scenario(
        "a package of the organisation's index: jobs read it, a fork's say why not",
        private_package,
        tools=("uv",),  # conda's packages all come from a channel, which is private in each scenario
    ),
    "research": Scenario(
        "a CUDA build, a notebook and a private package; then a vulnerability, and an update that fixes it",
        research,
        tools=("uv",),  # conda has one build for each machine, which its own scenarios install
    ),
    "attacks": Scenario(
        "every attacker against every invariant, in each known way: all refused",
        attacks.run,
        Options(),
        tools=("uv",),
    ),
    "fleet": Scenario(
        "six repositories: a release goes through the rings, one conflicts, one turns red; it is taken back",
        fleet,
        Options(checks=False, packages=False),
        tools=("uv",),
    ),
    "adopt": Scenario(
        "existing repositories join, continue their old tags, and take in a release of the template",
        adopt,
        Options(app=False, aws=False),
    ),
    "adopt-aws": Scenario(
        "existing repositories join, and publish with AWS once org.yml lists their names",
        adopt_aws,
        Options(images=True, app=False),
    ),
    "wrong-title": Scenario("a squash whose title says less than its commits", wrong_title),
    "hotfix": Scenario("a fix from the last release while main goes on", hotfix),
    "without-aws": Scenario(
        "no AWS account: a plain package index, opened by secrets of GitHub; 0.4.1 to 0.4.2",
        without_aws,
        Options(app=False, aws=False),
    ),
    "without-app": Scenario(
        "no GitHub App: the run that sets the version does the rest, and fails in each step that this is about",
        rerun_without_app,
        Options(images=True, app=False, failing=("version", "all-green")),
    ),
}
