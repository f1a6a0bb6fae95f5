"""Sentences of pages that have a number or a list from the code: here, the code gives them.

A number that changes in the code has to change on its page. What a page says in a table is in `test_tables.py`.
"""

from __future__ import annotations

import ast
import math
import re
import tomllib
from datetime import UTC, datetime

import pytest

from rnd import docker, http_client, process, retry
from rnd.doctor import organisation
from rnd.environments.conda import clients
from rnd.fleet import governor, rest, rings
from rnd.fleet.update import words
from rnd.github import sign_in
from rnd.organisation import load_organisation
from rnd.providers import aws, codeartifact, ecr
from rnd.publish import index, layers
from rnd.runners.broker import claims, handler
from rnd.runners.simulation.policy import Timing
from rnd.runners.simulation.recommendation import MOST as MOST_MACHINES
from rnd.runners.stack import names
from rnd.version import next_version, walk
from scripts.weaken import ROOT
from tests.helpers import cost, memory
from tests.helpers.pages import read_page, table
from tests.helpers.workflows import load

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MINUTE, HOUR, DAY = 60, 3600, 86_400
IN_WORDS = {0.2: "A fifth", 1: "a second", 900: "a quarter of an hour", HOUR: "one hour", DAY: "a day"}


def in_words(value: float) -> str:
    """Return a part or a number of seconds in the words of the pages."""
    return IN_WORDS.get(value, str(value))


def versions_of(project: str) -> str:
    """Return the oldest Python that a project of this repository supports."""
    document = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))
    return str(document["project"]["requires-python"]).removeprefix(">=")


def constant(file: str, name: str) -> int:
    """Return a constant of a module that is not imported, because that takes long: CDK starts Node."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assigned = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}  # pyrefly: ignore[missing-attribute]
    value: int = ast.literal_eval(assigned[name])
    return value


def listed(found: list[str], last: str = "and") -> str:
    """Return some words as a list in a sentence."""
    return f"{', '.join(found[:-1])} {last} {found[-1]}"


def code(found: object) -> list[str]:
    """Return some names as code."""
    return [f"`{one}`" for one in found]  # pyrefly: ignore[not-iterable]


DELAYS = listed([f"{delay:g}" for delay in retry.DELAYS])
TIMES = NUMBERS[len(retry.DELAYS)]
ATTEMPTS = NUMBERS[len(retry.DELAYS) + 1]
TIMING = Timing()
TEMPLATE = load_organisation().template.model_copy(update={"workflow_ref": "v1"})
(PER_MINUTE, _), (PER_HOUR, _) = governor.CREATIONS
BUDGET = 5000  # requests of a user in an hour, GitHub's documentation
LEFT = BUDGET * (1 - governor.RESERVE)
IMAGE = (ROOT / "images/Dockerfile").read_text(encoding="utf-8")
(TOOLKIT,) = re.findall(r'^ARG TOOLKIT_EXTRAS="(.+)"$', IMAGE, re.MULTILINE)
(WEEKLY,) = load(ROOT / ".github/workflows/base_images.yml")["on"]["schedule"]
MORNING = {"17 3 * * 1": "Monday"}.get(WEEKLY["cron"], WEEKLY["cron"])
OLDEST_IMAGE = constant("src/rnd/runners/stack/alarms.py", "OLDEST_DAYS")
CLIENTS = [f"{name} {'.'.join(map(str, oldest))}" for name, oldest in clients.OLDEST.items()]
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
EVENTS = ("push", "workflow_dispatch", "schedule", "pull_request", "merge_group")
SENTENCES = {
    "README.md": [f"You need git, make and Python {versions_of('pyproject.toml')} or later."],
    "docs/tutorial.md": [f"You need git, make and Python {versions_of('pyproject.toml')} or later."],
    "packages/fake-github/README.md": [
        f"It needs Python {versions_of('packages/fake-github/pyproject.toml')} or newer",
    ],
    "docs/pipeline.md": [
        f"{NUMBERS[len(table('actions/THIRD_PARTY.md', 'action'))].capitalize()} actions, each justified",
        f"with a token that lasts {in_words(codeartifact.READING)}; hooks and tests do not",
    ],
    "docs/versions.md": [
        f"{NUMBERS[next_version.HASH_LENGTH]} digits of the commit's hash, or more",
        f"if no commit is dated more than {in_words(walk.DAY)} after one of its descendants",
        f"a higher release more than {walk.AT_LEAST} commits below the last one",
    ],
    "docs/threats.md": [
        f"those of an identity for {in_words(handler.SECONDS)}, a token of ECR for 12 hours, a token of CodeArtifact "
        f"for {in_words(codeartifact.READING)} ({aws.LIFETIME // MINUTE} minutes where it can publish)",
        f"it knows {listed(code(EVENTS))}.",
        f"in `candidate/PACKAGE` for {NUMBERS[names.EXPIRES['candidate/'] // 7]} weeks.",
    ],
    "docs/first-time.md": [
        f"a job waits for more than {constant('src/rnd/runners/stack/alarms.py', 'PATIENCE')} minutes | the alarm",
        f"tried {ATTEMPTS} times, then re-run the command",
        f"of an owner: {organisation.OWNER.split('`')[1]}",
        f"or use a token with {listed(code(sign_in.SCOPES))}.",
    ],
    "docs/how-to/base-images.md": [
        f"selects the extras, `{TOOLKIT}` by default",
        f"builds all images every {MORNING} morning",
        f"fires if an image is missing or older than {OLDEST_IMAGE} days",
    ],
    "docs/how-to/choose-machines.md": [
        f"its first step runs {TIMING.pickup:g} s later (`--pickup-seconds`)",
        f"It accepts jobs after {TIMING.boot / MINUTE:g} minutes (`--boot-minutes`)",
        f"A surplus machine is removed after {TIMING.idle / MINUTE:g} minutes (`--idle-minutes`)",
        f"If no policy with up to {MOST_MACHINES} machines is enough, it exits with 1.",
    ],
    "docs/how-to/conda.md": [f"If {listed(CLIENTS, 'or')}, or a later version, is on `PATH`"],
    "docs/how-to/fleet.md": [
        f"{math.floor(LEFT / 3):,} repositories",
        f"{math.floor(LEFT / 5):,} repositories",
        f"`--rotate` reads a {'seventh' if rest.DAYS == 7 else rest.DAYS} of the repositories, each day another one",
        f"Writes are sent one at a time, {in_words(governor.PAUSE)} apart",
        f"{in_words(governor.RESERVE)} of the hour's requests is left to people",
        f"GitHub allows {PER_HOUR} in an hour, and those are opened {governor.CREATION_PAUSE} seconds apart, "
        f"{round(MINUTE / governor.CREATION_PAUSE)} of the [{PER_MINUTE} a minute]",
        f"1,000 pull requests take at least {math.ceil((HOUR + PER_HOUR * governor.CREATION_PAUSE) / MINUTE)} minutes",
        f"A hold needs an end date, at most {'a year' if rings.LONGEST_HOLD == 366 else rings.LONGEST_HOLD} ahead.",
        f"It is always on the branch `{words.BRANCH}`.",
        f"at the branch `{TEMPLATE.canary_ref}`, all others at `{TEMPLATE.workflow_ref}`",
    ],
    "docs/how-to/publish-a-package.md": [
        f"a status {', '.join(map(str, sorted(http_client.TRANSIENT | {index.CONFLICT})))}, or from 500 on",
        f"at most {TIMES} times, after {DELAYS} seconds",
        f"A token is asked for in each run, and lasts {in_words(aws.LIFETIME)}.",
    ],
    "docs/how-to/publish-an-image.md": [
        f"at most {TIMES} times, after {DELAYS} seconds",
        f"all times in them are {datetime.fromtimestamp(layers.TIME, UTC):%-d %B %Y}, and the only other time",
        f"Docker with buildx, Docker before {docker.EMBEDDED_BUILDKIT}, podman or buildah.",
        f"of which ECR allows {NUMBERS[ecr.MOST_EXCLUSIONS]}.",
        f"run without the variables {listed(code([*(f'{one}*' for one in process.SECRET_PREFIXES), *TOKENS]))}.",
    ],
    "docs/how-to/runners.md": [
        f"An alarm goes off when one is older than {OLDEST_IMAGE} days",
        f"weekly builds; an alarm after {OLDEST_IMAGE} days",
        f"up to {constant('src/rnd/runners/stack/runner_stack.py', 'ATTEMPTS')} times, which takes about the 24 hours",
        f"{NUMBERS[constant('src/rnd/runners/stack/publishing.py', 'CONCURRENCY')]} calls at a time",
    ],
    "docs/tests.md": [
        f"each module that takes {cost.LEAST} seconds or more",
        f"if `/dev/shm` has {memory.ENOUGH // 2**30} GiB free",
    ],
    "docs/decisions/0020-a-role-that-reads.md": [f"it reads, and it lasts {in_words(codeartifact.READING)}."],
    "docs/decisions/0022-one-broker.md": [f"Jobs make the call {ATTEMPTS} times and then fail"],
    "docs/decisions/0026-environments-by-their-inputs.md": [
        f"after {names.EXPIRES['dev/']} days for branches and {names.EXPIRES['candidate/']} days for `main`",
    ],
}


@pytest.mark.parametrize(("page", "sentence"), [(page, one) for page, found in SENTENCES.items() for one in found])
def test_a_page_says_what_the_code_has(page: str, sentence: str) -> None:
    assert sentence in " ".join(read_page(page).split())


def test_the_names_in_sentences_are_those_of_the_code() -> None:
    """What the sentences above name in an order of their own."""
    assert set(EVENTS) == frozenset().union(*claims.EVENTS.values())
    assert set(TOKENS) <= process.SECRET_NAMES
