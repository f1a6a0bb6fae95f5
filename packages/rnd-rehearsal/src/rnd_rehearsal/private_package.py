"""The story of a repository that depends on a package of the organisation's own index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import process
from rnd.names import index_credentials
from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.package_index import USER
from rnd_rehearsal.sandbox import RESEARCHER, STRANGER, own_environment

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.runs import Run

BUILD = '[build-system]\nrequires = ["uv_build>=0.9,<0.14"]\nbuild-backend = "uv_build"\n'


def private_package(story: Actors) -> None:
    """Jobs read the organisation's index by their identity; a fork's have none, and say so."""
    story.prepare(BEFORE, private=False)
    package = publish_private_package(story, "1.0.0")
    depend_on(story, package)
    story.commit("change", "feat: drive with tools")
    number = story.propose("change", "feat: drive with tools")
    story.wait()
    story.check_proposed(number, "0.5.0")
    checked = log_of(story.world.runner.runs[-1])
    story.check("the job that tests found out that it needs the index", f"own package index: {package}." in checked)

    story.world.caller(STRANGER).ask("POST", f"/repos/{story.repository}/forks", {})
    publish_private_package(story, "1.1.0")  # all jobs share this machine's cache, which has 1.0.0 by now
    lock(story, "lock", "--upgrade-package", package)
    story.commit("theirs", "feat: turn", "turn", login=STRANGER, start="change")
    story.propose("theirs", "feat: turn", STRANGER)
    (run,) = story.wait()
    result = run.jobs["lint-and-test"].result
    story.check("a fork's job cannot install it", result is not None and result.verdict == "failure")
    story.check("and says why", "a pull request from a fork never has one" in log_of(run))


def publish_private_package(story: Actors, version: str) -> str:
    """Put a package into the organisation's index, and return its name."""
    name = f"{story.world.organisation.slug}-tools"
    story.tell(f"{name} {version} is on the organisation's index")
    folder = story.world.folder / "people" / "tools"
    source = folder / "src" / name.replace("-", "_")
    source.mkdir(parents=True, exist_ok=True)
    (source / "__init__.py").write_text('"""Tools."""\n', encoding="utf-8")
    project = f'[project]\nname = "{name}"\nversion = "{version}"\n'
    (folder / "pyproject.toml").write_text(f"{project}\n{BUILD}", encoding="utf-8")
    where = story.world.folder / "people" / "dist"
    process.run("uv", "build", "--quiet", "--wheel", "--out-dir", str(where), cwd=folder, extra=story.world.environment)
    (wheel,) = where.glob("*.whl")
    wheel.rename(story.world.index.folder / wheel.name)
    return name


def depend_on(story: Actors, package: str) -> None:
    """Let the repository depend on a package of the index, as its README has it."""
    organisation, index = story.world.organisation, story.world.index
    manifest = story.folder / "pyproject.toml"
    manifest.write_text(moved(manifest, f"http://{USER}@127.0.0.1:{index.port}/simple/", organisation.slug, package))
    lock(story, "add", "--no-sync", package)


def lock(story: Actors, *arguments: str) -> None:
    """Lock as somebody does who is signed in to the index, on another machine than the jobs."""
    index = story.world.index
    signed = own_environment(story.world, RESEARCHER) | index_credentials(story.world.organisation, USER, index.token)
    process.run("uv", *arguments, "--quiet", "--no-cache", cwd=story.folder, extra=signed)


def moved(manifest: Path, url: str, index: str, package: str) -> str:
    """Return `pyproject.toml` with the organisation's index at the address that it has in this world, and a source."""
    lines = manifest.read_text(encoding="utf-8").splitlines()
    place = lines.index(f'name = "{index}"') + 1
    lines[place] = f'url = "{url}"'
    sources = lines.index("[tool.uv.sources]") + 1
    lines.insert(sources, f'{package} = {{ index = "{index}" }}')
    return "\n".join([*lines, ""])


def log_of(run: Run) -> str:
    """Return what the job that tests said."""
    log = run.jobs["lint-and-test"].log
    return "" if log is None else log.read_text(encoding="utf-8")
