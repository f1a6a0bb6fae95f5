"""Tables of pages that list what the code has: all of it, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from rnd.commands.fleet.shared import CONDITIONS, PARTS
from rnd.doctor import cloud, organisation
from rnd.environments.conda.specification import SELECTORS
from rnd.organisation.model import Organisation
from rnd.project.features import FEATURES
from rnd.runners.broker import session
from rnd.runners.stack import policies
from rnd.version.next_version import Commit, derive
from tests.helpers.machine import ROOT
from tests.helpers.organisations import shipped
from tests.helpers.pages import BLOCK, code_in, read_page, table
from tests.helpers.workflows import load
from tests.test_pages import find_parser

FLEET = "docs/how-to/fleet.md"
PIPELINE = "docs/pipeline.md"
SHIPPED = yaml.safe_load((ROOT / "org.yml").read_text(encoding="utf-8"))
COMMON = {"--help", "--quiet", "--verbose", "--github-output"}  # of many commands; the last one is for the actions


def options(*command: str) -> set[str]:
    """Return the long options of a command."""
    parser, _ = find_parser(list(command))
    found = {name for action in parser._actions for name in action.option_strings}  # noqa: SLF001
    return {name for name in found if name.startswith("--")}


@pytest.mark.parametrize(
    ("page", "command"),
    [
        ("docs/how-to/publish-a-package.md", ("release", "package")),
        ("docs/how-to/publish-an-image.md", ("release", "image")),
    ],
)
def test_a_page_has_each_option_of_its_command(page: str, command: tuple[str, ...]) -> None:
    tabled = {name for cell in table(page, "option") for name in code_in(cell)}
    assert tabled <= options(*command)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", read_page(page)))
    assert options(*command) - named <= COMMON | {"--dry-run"}


def test_the_options_of_the_simulation() -> None:
    tabled = {
        name.partition(" ")[0] for cell in table("docs/how-to/choose-machines.md", "Option") for name in code_in(cell)
    }
    assert tabled <= options("runners", "simulate")


def test_what_selects_repositories() -> None:
    tabled = [name for cell in table(FLEET, "Option") for name in code_in(cell)]
    assert {name.partition(" ")[0] for name in tabled} <= options("fleet", "status")
    assert [name.partition(" ")[2] for name in tabled if name.startswith("--having ")] == list(CONDITIONS)
    assert [name for cell in table(FLEET, "Part") for name in code_in(cell)] == list(PARTS)


def test_the_tokens_of_the_fleet_are_those_of_its_workflow() -> None:
    jobs = load(ROOT / ".github/workflows/fleet.yml")["jobs"].values()
    used = {(job["environment"], secret) for job in jobs for secret in re.findall(r"secrets\.(\w+)", str(job))}
    rows = table(FLEET, "Environment").items()
    assert {(code_in(environment)[0], code_in(cells[0])[0]) for environment, cells in rows} == used


@shipped
def test_the_rings_of_the_example_are_those_of_org_yml() -> None:
    blocks = [yaml.safe_load(text) for language, text in BLOCK.findall(read_page(FLEET)) if language == "yaml"]
    (shown,) = [block["fleet"] for block in blocks if "fleet" in block]
    assert shown == {key: SHIPPED["fleet"][key] for key in shown}


def test_the_guide_has_each_key_of_org_yml() -> None:
    tabled = {
        key.partition(".")[0] for cell in table("docs/how-to/another-organisation.md", "Key") for key in code_in(cell)
    }
    assert tabled == set(Organisation.model_fields)


def test_the_example_without_aws_is_accepted() -> None:
    page = read_page("docs/how-to/another-organisation.md").partition("\n## Without an AWS account\n")[2]
    values: dict[str, Any] = {key: value for key, value in SHIPPED.items() if key != "aws"}
    shown = yaml.safe_load(BLOCK.findall(page)[0][1])
    assert Organisation.model_validate(values | shown).aws is None


def test_the_features() -> None:
    assert [name for cell in table("docs/how-to/features.md", "Feature") for name in code_in(cell)] == sorted(FEATURES)


def test_where_a_python_is() -> None:
    """What `rnd new` and `rnd doctor` say of a version."""
    modules = ("src/rnd/environments/uv.py", "src/rnd/doctor/machine.py")
    said = "".join((ROOT / name).read_text(encoding="utf-8") for name in modules)
    for mark in table("docs/how-to/python-versions.md", "mark"):
        assert f'"{mark}"' in said


def test_the_names_of_platforms_in_an_environment() -> None:
    sentence = read_page("docs/how-to/conda.md").partition("Supported are ")[2].partition(".\n")[0]
    assert sorted(code_in(sentence)) == sorted(set().union(*SELECTORS.values()))


def test_what_is_checked_before_the_first_repository() -> None:
    """Each row of `rnd doctor --organisation` is explained; a sign-in is a row only if there is none."""
    page = "docs/first-time.md"
    assert list(table(page, "row")) == list(organisation.CHECKS)
    assert sorted(table(page, "row", number=1)) == sorted(cloud.CHECKS)


@pytest.mark.parametrize(
    ("page", "more"),
    [
        (PIPELINE, {"reading"}),
        ("docs/how-to/set-up-the-pipeline.md", {"reading", "version"}),
        ("docs/threats.md", {"reading", "app version", "app release"}),
    ],
)
def test_the_identities_and_what_they_write(page: str, more: set[str]) -> None:
    rows = {name.replace("`", ""): cells for name, cells in table(page, "Identity").items()}
    assert set(rows) == {*policies.IDENTITIES, *more}
    for identity, folder in session.IMAGES.items():
        assert f"`{folder}PACKAGE`" in rows[identity][-1]


@pytest.mark.parametrize(
    ("page", "service", "rarely"),
    [
        ("docs/how-to/publish-a-package.md", "codeartifact", set()),
        ("docs/how-to/publish-an-image.md", "ecr", {"ecr:DescribeImages"}),  # the age of images, for alarms
    ],
)
def test_what_publishing_by_hand_needs_is_what_jobs_have(page: str, service: str, rarely: set[str]) -> None:
    place = {"partition": "aws", "region": "r", "account": "1", "domain": "d", "releases": "a", "development": "b"}
    statements = session.session_policy(place, "release", "package")["Statement"]
    granted = {action for one in statements for action in one["Action"] if action.startswith(f"{service}:")}
    assert set(re.findall(rf"`({service}:\w+)`", read_page(page))) == granted - rarely


@pytest.mark.parametrize(
    ("page", "title"),
    [("docs/versions.md", "the commits since 0.4.1 contain"), ("template/README.md.jinja", "Commit message")],
)
def test_which_version_follows(page: str, title: str) -> None:
    """Each example of a message leads to the version beside it."""
    examples = {"a breaking change": ["feat!: a"], "no type": ["a"], "BREAKING CHANGE: …": ["a\n\nBREAKING CHANGE: b"]}
    tried = 0
    for cell, (version,) in table(page, title).items():
        texts = [example for words, found in examples.items() if words in cell for example in found]
        texts += [text if " " in text else f"{text} a" for text in code_in(cell) if re.match(r"[a-z]+!?:", text)]
        for text in texts:
            commit = Commit(id="0" * 40, parents=1, message=text)
            assert derive("0.4.1", [commit])["version"] == version, text
            tried += 1
    assert derive("0.4.1", [])["version"] == "0.4.1"
    assert tried >= 5


def test_the_commands_of_gh_in_a_rehearsal_are_tested() -> None:
    page = read_page("docs/how-to/rehearse.md").partition("These commands work: ")[2].partition(".\n")[0]
    tests = ROOT / "packages/fake-github/tests/fake_github_tests/test_gh.py"
    called = re.findall(r'\bgh\("(\w+)", "(\w+)"', tests.read_text(encoding="utf-8"))
    for name in code_in(page):
        words = tuple(name.split())
        assert words in called or words == ("api",), name


def test_the_workflows_of_a_repository_and_the_central_ones() -> None:
    generated = {path.name.removesuffix(".jinja") for path in (ROOT / "template/.github/workflows").iterdir()}
    assert {code_in(cell)[0] for cell in table(PIPELINE, "Workflow")} == generated
    central = {code_in(cell)[0] for cell in table(PIPELINE, "Workflow", number=1)}
    assert central == set(policies.RELEASE_WORKFLOWS)
