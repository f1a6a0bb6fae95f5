"""Credentials in an address of a repository reach no output, no commit, no pull request and no log."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from rnd import uv
from rnd.adopt import adoption
from rnd.adopt.credentials import SECRET as FORM
from rnd.adopt.credentials import without_credentials
from rnd.adopt.errors import CredentialsCommitted
from rnd.adopt.place import BRANCH
from rnd.adopt.proof import Proof
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from rnd.cli import main
from tests.helpers import existing
from tests.helpers.git import git, make_repository
from tests.helpers.killed_adoption import without_uv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.github import Hosting
    from tests.helpers.template import TemplateRepository

SECRET = "hunter2"
INDEX = f"https://ada:{SECRET}@index.example/simple"
WHEEL = f"tool @ https://ada:{SECRET}@files.example/tool-1-py3-none-any.whl"
PLAIN = {**existing.SRC, "pyproject.toml": f"{existing.MANIFEST}dependencies = []\n"}
PARTS = f'"tool @ https://ada:" "{SECRET}@files.example/tool.whl"'


def setup_py(keyword: str, before: str = "") -> dict[str, str]:
    """Return a repository with a setup.py that has one more keyword."""
    text = existing.SETUP_PY["setup.py"].replace("setup(\n", f"{before}setup(\n    {keyword},\n")
    return {**existing.SETUP_PY, "setup.py": text}


def pyproject(more: str) -> dict[str, str]:
    """Return a repository with more in its pyproject.toml."""
    return {**PLAIN, "pyproject.toml": f"{PLAIN['pyproject.toml']}{more}"}


def environment(channel: str) -> dict[str, str]:
    """Return a repository with another channel of conda."""
    return {**existing.CONDA, "environment.yml": existing.CONDA["environment.yml"].replace("conda-forge", channel)}


SOURCE = f'[[tool.poetry.source]]\nname = "acme"\nurl = "{INDEX}"\n'
HOOK = f"repos:\n  - repo: https://ada:{SECRET}@git.example/hooks\n    rev: v1\n    hooks: [{{id: x}}]\n"
LINKS = f"[options]\ndependency_links =\n    {INDEX}\n"
# Where the address is, as its line shows it, and the place that the error names.
LINES = {
    "requirements.txt:2": {**PLAIN, "requirements.txt": f"numpy\n--extra-index-url {INDEX}\n"},
    "requirements-dev.txt:1": {**PLAIN, "requirements-dev.txt": f"{WHEEL}\n"},
    "deps/base.list:1": {**PLAIN, "requirements-dev.txt": "-r deps/base.list\n", "deps/base.list": f"{WHEEL}\n"},
    "deps/limits:1": {**PLAIN, "requirements.txt": "-c deps/limits\nnumpy\n", "deps/limits": f"-i {INDEX}\n"},
    "pip.conf:2": {**PLAIN, "pip.conf": f"[global]\nindex-url = {INDEX}\n"},
    "Pipfile:6": {
        **existing.PIPENV,
        "Pipfile": existing.PIPENV["Pipfile"].replace("https://index.example/simple", INDEX),
    },
    "pyproject.toml:9": pyproject(f'\n[[tool.uv.index]]\nname = "acme"\nurl = "{INDEX}"\n'),
    "pyproject.toml:3": {**existing.POETRY_1, "pyproject.toml": SOURCE + existing.POETRY_1["pyproject.toml"]},
    "environment.yml:3": environment(f"https://ada:{SECRET}@conda.example/main"),
    "setup.py:5": setup_py(f'dependency_links=["{INDEX}"]'),
    "setup.cfg:3": {**existing.SETUP_PY, "setup.cfg": LINKS},
    ".pre-commit-config.yaml:2": {**PLAIN, ".pre-commit-config.yaml": HOOK},
    ".copier-answers.yml:1": {**PLAIN, ".copier-answers.yml": f"_src_path: https://ada:{SECRET}@git.example/t\n"},
    "requirements-test.txt:1": {
        **PLAIN,
        "requirements-test.txt": f"tool @ https://files.example/t.whl?token={SECRET}\n",
    },
}
# Where no line shows it: an address in parts, or with escapes.
VALUES = {
    "setup.py:5 install": setup_py(f"setup_requires=[{PARTS}]"),
    "setup.py:5 called": setup_py(f"license_files=find({PARTS})"),
    "setup.py of a name": setup_py('url="https://ada:" + TOKEN + "@files.example"', f'TOKEN = "{SECRET}"\n'),
    "pyproject.toml": pyproject(f'[project.urls]\nindex = "https:\\u002F/ada:{SECRET}@index.example"\n'),
    "environment.yml": environment(f'"https:\\x2F/ada:{SECRET}@conda.example"'),
}


CASES = [*LINES.items(), *((place.partition(" ")[0], files) for place, files in VALUES.items())]
pytestmark = pytest.mark.usefixtures("git_of_its_own")


def content(folder: Path) -> str:
    """Return all that git keeps: each object, notes among them, each reference, and the log of each reference."""
    said = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=folder, capture_output=True, check=True
    ).stdout.decode("latin-1")
    logs = [path.read_text() for path in sorted((folder / ".git" / "logs").rglob("*")) if path.is_file()]
    return "\n".join([said, git(folder, "for-each-ref"), *logs])


@pytest.mark.parametrize(("place", "files"), CASES)
def test_committed_credentials_are_refused_and_not_shown(
    place: str, files: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CredentialsCommitted) as caught:
        analyse(tree_of(files), None, "main")
    assert caught.value.message == f"{place} has an address with credentials."
    make_repository(tmp_path, files)
    before = content(tmp_path)
    assert main(["adopt", str(tmp_path), "--verbose", "--plan", "--json"]) == 2
    assert main(["adopt", str(tmp_path), "--verbose", "--run-its-code"]) == 2
    out, err = capfd.readouterr()
    assert json.loads(out)["error"]["message"] == caught.value.message
    assert caught.value.message in err
    assert SECRET not in out + err
    assert content(tmp_path) == before


def test_credentials_of_a_remote_are_in_nothing_that_an_adoption_makes(
    tmp_path: Path,
    template: TemplateRepository,
    hosting: Hosting,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uv, "attempt", without_uv)
    monkeypatch.setattr(adoption, "prove", lambda *_, **__: Proof("Compared."))
    folder = tmp_path / "demo"
    make_repository(folder, PLAIN)
    repository = hosting.publish(folder)
    address = git(folder, "remote", "get-url", "origin")
    for key, value in {
        "remote.origin.url": address.replace("//", f"//ada:{SECRET}@"),
        f"url.https://ada:{SECRET}@git.example/.insteadOf": "acme:",
        "http.extraHeader": f"X-Token: {SECRET}",
        "remote.backup.url": f"https://ada:{SECRET}@git.example/backup.git",
    }.items():
        git(folder, "config", key, value)
    source = ("--template", template.address, "--vcs-ref", "1.0.0")
    assert main(["adopt", str(folder), "--verbose", "--plan", "--json"]) == 0
    plan = capfd.readouterr()
    assert json.loads(plan.out)["answers"]["repository"]["value"] == "demo"
    assert main(["adopt", str(folder), "--verbose", *source]) == 3
    assert main(["adopt", str(folder), "--verbose", *source, "--pull-request"]) == 3
    said = capfd.readouterr()
    with hosting.client as client:
        (opened,) = client.read(lambda kit: kit.rest.pulls.list(*repository))
    hosted = content(hosting.repository().folder)
    assert BRANCH in git(folder, "for-each-ref")
    assert "chore: add the files of rnd-template" in hosted
    everything = (*plan, *said, content(folder), hosted, json.dumps(opened))
    assert [text for text in everything if SECRET in text] == []


@pytest.mark.parametrize(
    "address",
    [
        "https://index.example/simple",
        "git+https://git@git.example/acme/tool",
        "https://aws@index.example/simple",
        "https://${USER}:${TOKEN}@index.example/simple",
        "https://$TOKEN@index.example/simple",
        "https://conda.example/t/$TOKEN/main",
        "https://files.example/tool.whl?token=$TOKEN",
        "https://files.example/tool.whl?tokens=2&page=1",
        "https://example.com/@ada",
    ],
)
def test_an_address_without_credentials_is_none(address: str) -> None:
    assert FORM.search(f"x = '{address}'") is None


def test_a_password_with_an_at_sign_is_removed_as_a_whole() -> None:
    assert without_credentials("-i https://ada:p@ss@index.example/simple") == "-i https://index.example/simple"
