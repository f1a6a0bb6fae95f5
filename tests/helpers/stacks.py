"""What the tests of the stacks share: the stacks of two organisations, synthesised once in a test run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.cache import alone
from rnd.organisation import SHIPPED, load_organisation
from rnd.runners.stack import names
from tests.helpers.cloud import Cloud, serve
from tests.helpers.machine import ACME, JSII_CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import Organisation

ORGANISATIONS = {"shipped": load_organisation(SHIPPED), "acme": load_organisation(ACME)}
SAID = "said.json"
GITHUB_IDS = {"GitHubOwnerId": "1001", "TemplateRepositoryId": "2002"}
CLASSES = [(owner, name) for owner, one in ORGANISATIONS.items() for name in one.runners.classes]


@dataclass(frozen=True)
class Stacks:
    """The stacks of an organisation.

    Attributes:
        organisation: Whose they are.
        folder: The cloud assembly.
        fleet: The template of the machines.
        publishing: The template of what repositories publish with.
    """

    organisation: Organisation
    folder: Path
    fleet: dict[str, Any]
    publishing: dict[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of each resource of a type in the fleet, by its logical name."""
        return {
            name: resource["Properties"]
            for name, resource in self.fleet["Resources"].items()
            if resource["Type"] == kind
        }


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Stacks]:
    """The stacks of each organisation. The first process that asks makes them, the others of the same run read them."""
    if shutil.which("node") is None:
        pytest.skip("node is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "stacks"
    with alone(folder / "lock"):
        if not (folder / "done").exists():
            _make(folder)
            (folder / "done").touch()
    return {name: _read(organisation, folder / name) for name, organisation in ORGANISATIONS.items()}


def _make(folder: Path) -> None:
    """Synthesise the shipped organisation as a person does, and keep what is said; the other one in this process."""
    from rnd.runners.stack.synthesis import synthesise

    command = [str(Path(sys.executable).with_name("rnd")), "runners", "synth", "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(JSII_CACHE))
        ended = subprocess.run(
            [*command, "--output", str(folder / "shipped")], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        (folder / SAID).write_text(ended.stdout, encoding="utf-8")
        synthesise(ORGANISATIONS["acme"], folder / "acme")


def _read(organisation: Organisation, folder: Path) -> Stacks:
    templates = [
        json.loads((folder / f"{stack}.template.json").read_text(encoding="utf-8"))
        for stack in (names.runner_stack(organisation), names.publishing_stack(organisation))
    ]
    return Stacks(organisation, folder, *templates)


@pytest.fixture(params=ORGANISATIONS)
def stacks(synthesised: dict[str, Stacks], request: pytest.FixtureRequest) -> Stacks:
    """The stacks of one organisation after another."""
    return synthesised[request.param]


@pytest.fixture(scope="session")
def clouds(synthesised: dict[str, Stacks], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Cloud]]:
    """An account for each organisation, with both of its stacks deployed."""
    with serve(tmp_path_factory.mktemp("cloud") / "log") as url:
        clouds = {owner: Cloud(url, stacks.organisation.require_aws()) for owner, stacks in synthesised.items()}
        for owner, stacks in synthesised.items():
            cloud, organisation = clouds[owner], stacks.organisation
            cloud.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
            cloud.deploy(names.publishing_stack(organisation), stacks.publishing, **GITHUB_IDS)
            cloud.deploy(names.runner_stack(organisation), stacks.fleet)
        yield clouds
