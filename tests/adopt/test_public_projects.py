"""Six public projects, from their source distributions: adopted with the same wheel, or refused for a good reason."""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
import urllib.request
from typing import TYPE_CHECKING

import pytest

from rnd import uv
from rnd.adopt.answers import derive_answers
from rnd.adopt.branch import make_branch, read_branch
from rnd.adopt.errors import CompiledPackage
from rnd.adopt.proof import prove
from rnd.adopt.reading import analyse
from rnd.adopt.repository import Existing, look
from rnd.errors import CommandFailed, PackagesUnavailable
from rnd.project.template import Template
from tests.helpers.git import git
from tests.helpers.machine import FOUND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("git_of_its_own")]
# name, version, and what is special about it
JOINING = {
    "toml": ("0.10.2", "setup.py, flat layout, the version in the package"),
    "cleo": ("2.1.0", "Poetry, src layout"),
    "tomli": ("2.0.1", "flit, src layout"),
    "itsdangerous": ("2.1.2", "setup.cfg beside setup.py, src layout"),
    "iniconfig": ("2.0.0", "hatchling, the version from tags"),
}
COMPILED = {"markupsafe": ("2.1.5", "a compiled extension")}
# What people keep in a repository, and what a source distribution has instead.
GENERATED = ("PKG-INFO", "*.egg-info", "src/*.egg-info")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sources of the projects; uv finds their addresses and hashes without running a build."""
    folder = tmp_path_factory.mktemp("sources")
    wanted = [f'"{name}=={version}"' for name, (version, _) in (JOINING | COMPILED).items()]
    manifest = (
        f'[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [{", ".join(wanted)}]\n'
    )
    (folder / "pyproject.toml").write_text(manifest)
    try:
        uv.run(folder, "lock", "--quiet")
        for package in tomllib.loads((folder / "uv.lock").read_text())["package"]:
            if package["name"] in JOINING | COMPILED:
                _unpack(folder / package["name"], package["sdist"]["url"], package["sdist"]["hash"])
    except (PackagesUnavailable, CommandFailed, OSError) as error:
        pytest.skip(f"the package index cannot be reached: {error}")
    return folder


def _unpack(folder: Path, address: str, digest: str) -> None:
    with urllib.request.urlopen(address, timeout=60) as response:
        content = response.read()
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == digest
    folder.mkdir()
    # `tarfile` of Python 3.11.2, which Debian 12 has, cannot refuse paths outside of the folder.
    subprocess.run(["tar", "xz", "--strip-components=1"], cwd=folder, input=content, check=True)


def committed(folder: Path, version: str) -> Existing:
    """Return a project as the only commit of a repository, with the tag of its release."""
    for pattern in GENERATED:
        for path in folder.glob(pattern):
            for one in [*path.rglob("*"), *([path] if path.is_file() else [])]:
                one.unlink()
    if "poetry" in (folder / "pyproject.toml").read_text() if (folder / "pyproject.toml").exists() else False:
        (folder / "setup.py").unlink(missing_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "tag", version)
    return look(folder, "git@github.com:acme/rnd-template.git")


@pytest.mark.parametrize("name", JOINING)
def test_a_public_project_joins_with_the_same_wheel(name: str, sources: Path, template: TemplateRepository) -> None:
    existing = committed(sources / name, JOINING[name][0])
    found = analyse(existing.tree, existing.tag, existing.branch)
    assert [point.message for point in found.points if point.blocks] == []
    answers = derive_answers(found, existing.tree, {}, list(FOUND), name)
    make_branch(existing, found, answers, Template(template.address, template.address, "1.0.0"), build=True)
    branch = read_branch(existing.root, existing.commit)
    assert branch is not None
    assert set(branch.changed) <= {"setup.py", "setup.cfg", "pyproject.toml", ".gitignore"}
    proof = prove(existing, found, branch.commit, run_its_code=True)
    assert (proof.missing, [line for line in proof.differences if line not in proof.explained]) == (None, [])
    assert all(line.startswith(("details: ", "files: dist-info/LICENSE is new")) for line in proof.explained)
    assert (branch.locked, branch.proposals) == (True, [])


@pytest.mark.parametrize("name", COMPILED)
def test_a_public_project_with_compiled_code_is_refused(name: str, sources: Path) -> None:
    existing = committed(sources / name, COMPILED[name][0])
    with pytest.raises(CompiledPackage, match=r"ext_modules in setup\.py:\d+"):
        analyse(existing.tree, existing.tag, existing.branch)
