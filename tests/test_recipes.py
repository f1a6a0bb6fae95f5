"""Each recipe of docs/architecture.md, "How to add", is walked in a copy of this repository, and has its effect.

A walk changes exactly the files of its line in `FILES`: that is how many files a newcomer has to touch.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
import yaml

from rnd_rehearsal.template import read_questions
from tests.actions.test_actions import TOOLKIT
from tests.helpers.machine import ROOT
from tests.helpers.recipes import Copy
from tests.helpers.workflows import load
from tests.template.test_rendering import render

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "question": {"copier.yml", "template/README.md.jinja"},
    "setting": {
        "src/rnd/github/settings/private_reports.py",
        "packages/fake-github/src/fake_github/api/repositories.py",
    },
    "command": {"src/rnd/commands/__init__.py", "src/rnd/commands/hello.py"},
    "error": {"src/rnd/ci/errors.py"},
    "step of a plan": {"src/rnd/project/licence.py", "src/rnd/project/setup.py"},
    "pipeline step": {"src/rnd/commands/ci/__init__.py", "src/rnd/commands/ci/hello.py", "actions/gate/action.yml"},
    "registry": {"src/rnd/organisation/image_registry.py", "src/rnd/providers/quay.py"},
}
PAGE = ROOT / "docs" / "architecture.md"
RECIPES = dict(re.findall(r"^### An? (.+)\n\n((?:(?!##).*\n?)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "rnd-template")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_the_files_or_their_folders(name: str) -> None:
    named = RECIPES[name].replace("../", "")
    for file in FILES[name]:
        folders = file.split("/")[:-1]
        parents = ["/".join(folders[:length]) + "/" for length in range(1, len(folders) + 1)]
        assert any(one in named for one in (file, file.rpartition("/")[2], *parents)), file


def test_every_recipe_is_walked() -> None:
    assert set(RECIPES) == set(FILES)


def test_a_question(copy: Copy, tmp_path: Path) -> None:
    copy.replace(
        "copier.yml",
        "  default: uv\n",
        '  default: uv\n\ngrant:\n  type: str\n  help: "Grant number"\n  default: none\n',
    )
    copy.replace("template/README.md.jinja", "\n# {{ project_name }}\n", "\n# {{ project_name }} ({{ grant }})\n")
    assert copy.changed == FILES["question"]

    assert "grant" in read_questions(copy.folder)
    made = render(copy.folder, tmp_path / "made", project_name="aligner", grant="ERC-7")
    assert made["README.md"].startswith("# aligner (ERC-7)\n")
    assert yaml.safe_load(made[".copier-answers.yml"])["grant"] == "ERC-7"


def test_a_key_of_org_yml(copy: Copy) -> None:
    """The part of the recipe of a setting that needs no module."""
    name = '    name: Text = Field(description="display name")\n'
    support = '    support: Text = Field(description="where users ask")\n'
    copy.replace("src/rnd/organisation/model.py", name, name + support)
    copy.replace("org.yml", "\ntemplate:\n", "\nsupport: chat\n\ntemplate:\n")
    assert json.loads(copy.python("-m", "rnd", "config", "--json"))["support"] == "chat"


def test_a_setting_with_an_endpoint_of_its_own(copy: Copy) -> None:
    copy.write("src/rnd/github/settings/private_reports.py", SETTING)
    copy.write("packages/fake-github/src/fake_github/api/repositories.py", ENDPOINT)
    assert copy.changed == FILES["setting"]
    assert copy.python("-c", APPLIED).splitlines() == ["private_reports: false → true", "matches org.yml", "[]"]


SETTING = '''"""Whether users can report a vulnerability in private."""

from rnd.github.settings.setting import Endpoint, Setting

WANTED = {"private_reports": True}


def private_reports(context):
    def read():
        request = lambda kit: kit.rest.repos.check_private_vulnerability_reporting(*context.repository)
        return {"private_reports": context.client.read(request)["enabled"]}

    def apply():
        context.client.send(lambda kit: kit.rest.repos.enable_private_vulnerability_reporting(*context.repository))

    return Setting("private-reports", "Let users report vulnerabilities", WANTED, read, apply)


ENDPOINTS = (Endpoint(tuple(WANTED), private_reports, guard=True),)
'''
ENDPOINT = '''

@route("GET /repos/{owner}/{repo}/private-vulnerability-reporting", role="admin")
def get_private_reports(call, repository):
    """Return whether users can report a vulnerability in private."""
    return Answer(200, {"enabled": repository.actions.get("private_reports", False)})


@route("PUT /repos/{owner}/{repo}/private-vulnerability-reporting", role="admin")
def set_private_reports(call, repository):
    """Let users report a vulnerability in private."""
    repository.actions["private_reports"] = True
    return Answer(204)
'''
APPLIED = """
from fake_github import FakeGitHub
from rnd.github.client import Addresses, Client
from rnd.github.repository import Repository
from rnd.github.settings.plan import plan_apply
from rnd.github.settings.setting import RepositoryContext
from rnd.organisation import load_organisation

with FakeGitHub.serve() as hub:
    with Client(Addresses(hub.api_url, hub.url), hub.add_user("ada")) as client:
        client.send(lambda kit: kit.rest.repos.create_for_authenticated_user(name="rover"))
        context = RepositoryContext(client, Repository("ada", "rover"), load_organisation().github)
        (step,) = (step for step in plan_apply(context).steps if step.key == "private-reports")
        print(step.observe().evidence)
        step.actions[0].run()
        print(step.observe().evidence)
    print(hub.violations)
"""


def test_a_command(copy: Copy) -> None:
    copy.replace("src/rnd/commands/__init__.py", "COMMANDS = {\n", 'COMMANDS = {\n    "hello": "greet",\n')
    copy.write("src/rnd/commands/hello.py", COMMAND)
    assert copy.changed == FILES["command"]

    assert re.search(r"^ +hello +greet$", copy.python("-m", "rnd", "--help"), re.MULTILINE)
    assert copy.python("-m", "rnd", "hello") == "Hello\n"


COMMAND = '''"""`rnd hello`: greet."""


def configure(parser):
    parser.set_defaults(run=run)


def run(options):
    print("Hello")
    return 0
'''


def test_an_error(copy: Copy) -> None:
    """Its message, its code, its hint and its exit code come from the class."""
    copy.write("src/rnd/ci/errors.py", ERROR)
    assert copy.changed == FILES["error"]

    shown = copy.python("-c", RAISED)
    assert shown.splitlines() == ["error[too-late]: It is five past twelve.", "  Come back tomorrow.", "1"]


ERROR = '''

class TooLate(RndError):
    """The shop is closed."""

    code = "too-late"
    hint = "Come back tomorrow."
'''
RAISED = """
import sys
from rnd import cli
from rnd.ci.errors import TooLate
def late():
    raise TooLate("It is five past twelve.")
sys.stderr = sys.stdout
print(cli._run(late))
"""


def test_a_step_of_a_plan(copy: Copy, tmp_path: Path) -> None:
    copy.write("src/rnd/project/licence.py", STEP)
    copy.replace(
        "src/rnd/project/setup.py", "from rnd.project.author import", f"{IMPORT}from rnd.project.author import"
    )
    copy.replace(
        "src/rnd/project/setup.py", "author_step(project), env", "author_step(project), licence_step(project), env"
    )
    assert copy.changed == FILES["step of a plan"]

    render(copy.folder, tmp_path / "made", project_name="aligner", author="Ada Lovelace")
    with (tmp_path / "made" / ".copier-answers.yml").open("a", encoding="utf-8") as answers:
        answers.write(f"_commit: 1.0.0\n_src_path: {copy.folder}\n")  # which copier adds for a template in git
    planned = json.loads(copy.python("-m", "rnd", "setup", str(tmp_path / "made"), "--plan", "--json"))
    assert {step["key"]: step["result"] for step in planned["steps"]}["licence"] == "needed"


IMPORT = "from rnd.project.licence import licence_step\n"
STEP = '''"""The licence of a repository."""

from rnd.plan import Action, Step, done, needed


def licence_step(project):
    path = project.folder / "COPYING"
    return Step(
        "licence",
        "Add the licence",
        lambda: done("there") if path.exists() else needed("missing"),
        (Action("COPYING", lambda: path.write_text("All rights reserved.")),),
    )
'''


def test_a_pipeline_step(copy: Copy) -> None:
    copy.replace("src/rnd/commands/ci/__init__.py", "SUBCOMMANDS = {\n", 'SUBCOMMANDS = {\n    "hello": "greet",\n')
    copy.write("src/rnd/commands/ci/hello.py", COMMAND)
    copy.write("actions/gate/action.yml", PIPELINE_STEP)
    assert copy.changed == FILES["pipeline step"]

    command = load(copy.folder / "actions/gate/action.yml")["runs"]["steps"][-1]["run"]
    found = TOOLKIT.fullmatch(command)
    assert found is not None
    assert copy.python("-m", "rnd", *shlex.split(found[1])) == "Hello\n"


PIPELINE_STEP = """\
    - name: Greet
      shell: bash
      run: >-
        "${GITHUB_ACTION_PATH}/../../scripts/toolkit" --bare
        rnd ci hello
"""


def test_a_registry(copy: Copy) -> None:
    models = "src/rnd/organisation/image_registry.py"
    union = "ImageRegistry = Annotated[Ecr | OciRegistry,"
    copy.replace(models, union, MODEL + union.replace("Ecr |", "Ecr | Quay |"))
    copy.write("src/rnd/providers/quay.py", PROVIDER)
    assert copy.changed == FILES["registry"]

    values = yaml.safe_load((copy.folder / "org.yml").read_text(encoding="utf-8"))
    values["image_registry"] = {"provider": "quay", "address": "quay.example.com", "base_image": "python:{version}"}
    (copy.folder / "quay.yml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    assert copy.python("-c", SIGNED_IN) == "quay.example.com\n"


MODEL = '''\
class Quay(_Registry):
    """Quay."""

    provider: Literal["quay"] = Field(description="Quay")
    address: Host = Field(description="host name of the registry")


'''
PROVIDER = '''"""Quay."""

from rnd.providers.oci import Oci


def image_registry(organisation, caller):
    return Oci(organisation.image_registry.address, caller.environ)
'''
SIGNED_IN = """
from pathlib import Path
from rnd import providers
from rnd.organisation import load_organisation
from rnd.providers.provider import Caller
print(providers.image_registry(load_organisation(Path("quay.yml")), Caller()).sign_in().host)
"""
