"""Each command of the pages of a generated repository is run by a test, or there is a reason here."""

from __future__ import annotations

import re
import shutil

import pytest

from rnd_rehearsal.template import copy_what_renders
from tests.helpers.machine import ACME, ROOT
from tests.helpers.pages import BLOCK, commands_in
from tests.template.test_rendering import render

# What a command is run by may differ from repository to repository: `uv run`, or the folder of the environment.
STARTED_BY = re.compile(r"(?:uv run (?:--no-sync )?|\.conda/bin/|python (?=docker/))")
PROGRAM = re.compile(
    r"(?:uv|uvx|python|pytest|pre-commit|docker|docker/build\.py|rnd|sphinx-build|uvicorn|conda-lock)\b"
)
GENERATED = "tests/template/test_generated.py"
IMAGE = "tests/template/test_conda_image.py"
# Each command, the test that runs it, and a word that is in that file.
RUN = {
    "pytest": (GENERATED, '"pytest"'),
    "pytest --cov": (GENERATED, '"--cov"'),
    "pre-commit install": ("tests/project/test_new.py", '{"pre-commit", "commit-msg"}'),  # what it installs
    "pre-commit run --all-files": (GENERATED, '"--all-files"'),
    "python …": (GENERATED, '"python"'),
    "uv build": (GENERATED, '"uv", "build"'),
    "python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist .": (GENERATED, '"--no-build-isolation"'),
    "python -m pip install --no-index --no-build-isolation --editable .": (
        "src/rnd/environments/conda/environment.py",  # with which every test makes its environment
        '"--no-index", "--no-build-isolation"',
    ),
    "micromamba create --yes --prefix ./.conda --file conda-lock.yml": (
        "tests/environments/conda/test_clients.py",
        '"micromamba"',
    ),
    "uv sync --all-extras": (GENERATED, '"--all-extras"'),
    "uv sync --all-extras --no-extra cu130": ("tests/environments/test_extras.py", "--no-extra"),
    "rnd setup": ("tests/project/test_setup.py", '"setup"'),
    "uvx copier update --trust": ("tests/project/test_update.py", "copier"),
    "copier update --trust": ("tests/project/test_update.py", "copier"),
    "docker/build.py": ("tests/template/test_docker.py", '"build.py"'),
    "docker/build.py --help": ("tests/template/test_docker.py", '"--help"'),
    "docker/build.py --local": (IMAGE, '"--local"'),
    "docker/build.py --base-image IMAGE": (IMAGE, '"--base-image"'),
    "docker run acme-lab-aligner:0.1.0": (IMAGE, 'docker, "run"'),
}
NOT_RUN = {
    "aws sso login": "needs an account",
    "export UV_INDEX_ACME_USERNAME=aws": "changes the shell of the reader",
    "export UV_INDEX_ACME_PASSWORD=$(aws codeartifact get-authorization-token --domain robots": "needs an account",
    "micromamba activate ./.conda": "changes the shell of the reader",
    "uv add PACKAGE": "needs a download from PyPI",
    "uv add --dev PACKAGE": "needs a download from PyPI",
    "uv add some-package": "needs a download from PyPI",
    "uv tool install keyring --with keyrings.codeartifact": "needs a download from PyPI",
    "sphinx-build -W docs docs/_build": "needs Sphinx from PyPI",
    "uvicorn aligner.service:app --reload": "needs FastAPI from PyPI",
    "docker run --publish 127.0.0.1:8000:8000 acme-lab-aligner:0.1.0": "needs FastAPI from PyPI",
    "conda-lock lock --metadata input_md5 --metadata input_sha": "needs conda-lock, as docs/tests.md says",
}


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The commands of both pages, with each dependency tool, without features and with all of them."""
    source, found = copy_what_renders(ROOT, tmp_path_factory.mktemp("template")), set[str]()
    shutil.copy(ACME, source / "org.yml")
    for tool in ("uv", "conda"):
        for features in ([], ["docs", "gpu", "notebooks", "service"]):
            folder = tmp_path_factory.mktemp("made")
            files = render(source, folder, project_name="aligner", dependency_tool=tool, features=features)
            for text in (files["README.md"], files["AGENTS.md"]):
                rows = re.findall(r"^\| [^|]+ \| (.*) \|$", BLOCK.sub("", text), re.MULTILINE)
                spans = {span for row in rows for span in re.findall(r"`([^`]+)`", row)}
                plain = {STARTED_BY.sub("", one, count=1) for one in {*commands_in(text), *spans}}
                found |= {one for one in plain if PROGRAM.match(one) or one in commands_in(text)}
    return found - {"uv.lock"}


def test_each_command_is_run_or_has_a_reason(commands: set[str]) -> None:
    assert RUN.keys() & NOT_RUN.keys() == set()
    assert commands == {*RUN, *NOT_RUN}


@pytest.mark.parametrize("command", RUN)
def test_what_another_test_runs_is_in_its_file(command: str) -> None:
    file, word = RUN[command]
    assert word in (ROOT / file).read_text(encoding="utf-8")
