"""Adds features of the template to a repository, and takes them out again.

The features of a repository are an answer in `.copier-answers.yml`. Copier applies the difference that a changed answer
makes, at the version of the template that the repository has, and keeps the repository's own changes. Each later
`copier update` reads the answer and keeps the features.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from rnd import bounded_yaml, git
from rnd.answers import ANSWERS_FILE, read_project
from rnd.environments.environment import environment_of
from rnd.errors import NotGenerated, TemplateUnavailable, UncommittedChanges, UpdateConflict, UsageError
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.project import template
from rnd.project.setup import check_tools
from rnd.project.template import trusted_source
from rnd.project.update import after, bring, record_source, refuse_conflicts

if TYPE_CHECKING:
    from rnd.answers import Project

ANSWER = "features"


@dataclass(frozen=True)
class Feature:
    """A feature that a repository can have.

    Attributes:
        summary: One line for `rnd add --list`.
        next_step: What is left to do after it is added.
    """

    summary: str
    next_step: str


FEATURES = {
    "docs": Feature(
        "a documentation site, built by Sphinx in each pull request",
        "Write pages in docs/; `sphinx-build -W docs docs/_build` builds them.",
    ),
    "gpu": Feature(
        "extras for a CPU and a CUDA build, and a job that runs the checks on a GPU",
        "Add the framework to both extras; docs/how-to/gpu.md of the template explains it.",
    ),
    "notebooks": Feature(
        "a folder for notebooks, Jupyter's kernel, and a hook that removes outputs",
        "Put notebooks into notebooks/; run a hook by hand with `pre-commit run notebook-outputs --all-files`.",
    ),
    "service": Feature(
        "an HTTP service with a health check, which the image runs",
        "Add what the service does to service.py of the package; the README shows how to run it.",
    ),
}


def read_features(folder: Path) -> tuple[str, ...]:
    """Return the features of a repository, in the order in which they were added.

    Raises:
        NotGenerated: The answers file is missing or not valid.
    """
    read_project(folder)
    try:
        answers = bounded_yaml.load((folder / ANSWERS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise NotGenerated(f"{folder / ANSWERS_FILE} cannot be read: {error}.") from error
    listed = (answers.get(ANSWER) if isinstance(answers, dict) else None) or []
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise NotGenerated(f"{ANSWER} in {folder / ANSWERS_FILE} is not a list of names.")
    return tuple(listed)


def change(present: tuple[str, ...], name: str, *, remove: bool) -> tuple[str, ...]:
    """Return the features of a repository after one is added or removed.

    Raises:
        UsageError: There is no such feature.
    """
    if name not in FEATURES:
        raise UsageError(f"There is no feature {name}.", f"Choose one of: {', '.join(FEATURES)}.")
    others = tuple(one for one in present if one != name)
    return others if remove else present if name in present else (*present, name)


def plan_feature(folder: Path, name: str, named: str | None, published: str, *, remove: bool) -> Plan:
    """Return the plan that adds a feature, or removes it.

    Args:
        folder: The root of a generated repository.
        name: The feature.
        named: The template from the user.
        published: The organisation's template repository.
        remove: Whether to remove the feature.

    Raises:
        UsageError: There is no such feature.
        NotGenerated: The folder is not a generated repository.
        TemplateUntrusted: It records a template that neither the user nor org.yml names.
    """
    change((), name, remove=remove)
    project = read_project(folder)
    source = trusted_source(project.source, named, published)
    environment = environment_of(project)
    check_tools(environment.programs)
    if git.toplevel(folder) != folder.resolve() or git.head(folder) is None:
        raise NotGenerated(f"{folder} is not the root of a git repository with a commit.")
    first = _feature_step(project, source, name, remove=remove)
    rest = (after(first, step) for step in (environment.lock_step(), environment.install_step()))
    return Plan(f"{'remove' if remove else 'add'} {name} in {project.name}", (first, *rest))


def _refuse_duplicates(clone: Path) -> None:
    """Raise an error if the merged `pyproject.toml` has a table or key twice, which git does not see as a conflict."""
    try:
        tomllib.loads((clone / "pyproject.toml").read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UpdateConflict(
            f"pyproject.toml already has a table or key that the feature adds: {error}.",
            "Make the change by hand, as docs/how-to/gpu.md of the template shows. Nothing was changed.",
        ) from error


def _feature_step(project: Project, source: str, name: str, *, remove: bool) -> Step:
    folder = project.folder

    def observe() -> State:
        refuse_conflicts(folder)
        present = read_features(folder)
        if change(present, name, remove=remove) == present:
            return done(f"features: {', '.join(present) or 'none'}")
        if not git.is_clean(folder):
            raise UncommittedChanges(f"{folder} has uncommitted changes.")
        return needed("not there" if not remove else "there")

    def apply() -> None:
        wanted = change(read_features(folder), name, remove=remove)
        with TemporaryDirectory(prefix="rnd-add-") as temporary:
            clone = Path(temporary) / "clone"
            git.run(folder, "clone", "--quiet", "--no-tags", ".", str(clone))
            record_source(clone, source)
            template.update(clone, project.commit, ask=False, data={ANSWER: list(wanted)})
            if read_features(clone) != wanted:
                raise TemplateUnavailable(
                    f"The template's version {project.commit} has no such feature.",
                    "Update the repository first: `rnd update`.",
                )
            _refuse_duplicates(clone)
            bring(clone, folder)
        refuse_conflicts(folder)

    verb = "Remove" if remove else "Add"
    return Step("feature", f"{verb} {name}", observe, (Action(f"copier update with {ANSWER} changed", apply),))
