"""The scenario of a repository that depends on a package of the organisation's own index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import process
from rnd.names import index_credentials
from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.package_index import USER
from rnd_rehearsal.sandbox import own_environment
from rnd_rehearsal.services import RESEARCHER, STRANGER

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.runs import Run

BUILD = '[build-system]\nrequires = ["uv_build>=0.9,<0.14"]\nbuild-backend = "uv_build"\n'


def private_package(actors: Actors) -> None:
    """Jobs read the organisation's index by their identity; a fork's have none, and say so."""
    actors.prepare(BEFORE, private=False)
    package = publish_private_package(actors, "1.0.0")
    depend_on(actors, package)
    actors.commit("change", "feat: drive with tools")
    number = actors.propose("change", "feat: drive with tools")
    actors.wait()
    actors.check_proposed(number, "0.5.0")
    checked = log_of(actors.sandbox.runner.runs[-1])
    actors.check("the job that tests found out that it needs the index", f"own package index: {package}." in checked)

    actors.sandbox.caller(STRANGER).ask("POST", f"/repos/{actors.repository}/forks", {})
    publish_private_package(actors, "1.1.0")  # all jobs share this machine's cache, which has 1.0.0 by now
    lock(actors, "lock", "--upgrade-package", package)
    actors.commit("theirs", "feat: turn", "turn", login=STRANGER, start="change")
    actors.propose("theirs", "feat: turn", STRANGER)
    actors.approve()
    (run,) = actors.wait()
    result = run.results().get("lint-and-test")
    actors.check("a fork's job cannot install it", result is not None and result.verdict == "failure")
    actors.check("and says why", "a pull request from a fork never has one" in log_of(run))


def publish_private_package(actors: Actors, version: str) -> str:
    """Put a package into the organisation's index, and return its name."""
    name = f"{actors.sandbox.organisation.slug}-tools"
    actors.report(f"{name} {version} is on the organisation's index")
    folder = actors.sandbox.folder / "people" / "tools"
    source = folder / "src" / name.replace("-", "_")
    source.mkdir(parents=True, exist_ok=True)
    (source / "__init__.py").write_text('"""Tools."""\n', encoding="utf-8")
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    (folder / "pyproject.toml").write_text(f"{project}\n{BUILD}", encoding="utf-8")
    where = actors.sandbox.folder / "people" / "dist"
    process.run(
        "uv", "build", "--quiet", "--wheel", "--out-dir", str(where), cwd=folder, extra=actors.sandbox.environment
    )
    (wheel,) = where.glob("*.whl")
    wheel.rename(actors.sandbox.index.folder / wheel.name)
    return name


def depend_on(actors: Actors, package: str) -> None:
    """Let the repository depend on a package of the index, as its README has it."""
    organisation, index = actors.sandbox.organisation, actors.sandbox.index
    manifest = actors.folder / "pyproject.toml"
    manifest.write_text(moved(manifest, f"http://{USER}@127.0.0.1:{index.port}/simple/", organisation.slug, package))
    lock(actors, "add", "--no-sync", package)


def lock(actors: Actors, *arguments: str) -> None:
    """Lock as a user who is signed in to the index, on another machine than the jobs."""
    index = actors.sandbox.index
    signed = own_environment(actors.sandbox, RESEARCHER) | index_credentials(
        actors.sandbox.organisation, USER, index.token
    )
    process.run("uv", *arguments, "--quiet", "--no-cache", cwd=actors.folder, extra=signed)


def moved(manifest: Path, url: str, index: str, package: str) -> str:
    """Return `pyproject.toml` with the index's address in this sandbox, and a source for the package."""
    lines = manifest.read_text(encoding="utf-8").splitlines()
    place = lines.index(f'name = "{index}"') + 1
    lines[place] = f'url = "{url}"'
    sources = lines.index("[tool.uv.sources]") + 1
    lines.insert(sources, f'{package} = {{ index = "{index}" }}')
    return "\n".join([*lines, ""])


def log_of(run: Run) -> str:
    """Return what the job that tests said."""
    log = run.jobs["lint-and-test/lint-and-test"].log
    return "" if log is None else log.read_text(encoding="utf-8")
