"""The package on an index: which of its files are missing there, and how they get there. Touches nothing by itself.

A plan that is only shown does not build: the build backend is code of the repository.

What is there is compared by digest: the same bytes are done, other bytes under the same name are refused, and what
is missing is uploaded, each file in a step of its own, so that whatever cuts a run off, the next one goes on.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd.errors import StepFailed
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.publish.files import is_wheel
from rnd.publish.index import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from rnd.publish.distribution import Distribution
    from rnd.publish.index import Index


@contextmanager
def plan_package(
    make: Callable[[Path], tuple[Distribution, ...]], find_index: Callable[[], Index] | None, kinds: Sequence[str]
) -> Generator[tuple[Plan, Index | None, tuple[Distribution, ...]]]:
    """Yield the plan that brings the files of a repository's package to an index.

    Args:
        make: Builds the files in a folder, which is removed at the end, or returns those that another job built.
        find_index: Called when the build is good; before that, nobody has to sign in. None to build it and no more.
        kinds: Which files are to be published: "wheel", "sdist".

    Raises:
        RndError: As the build, its check and the search for the index have it; nothing was changed.
    """
    with TemporaryDirectory(prefix="rnd-package-") as folder:
        built = make(Path(folder))
        distributions = tuple(made for made in built if made.kind in kinds)
        first = distributions[0]
        if find_index is None:
            yield Plan(f"build {first.project} {first.version}", ()), None, distributions
            return
        index = find_index()
        steps = tuple(upload_step(index, made, built) for made in distributions)
        yield Plan(f"publish {first.project} {first.version} to {index.publish_url}", steps), index, distributions


def plan_without_build(project: str, version: str, index: Index | None, kinds: Sequence[str]) -> Plan:
    """Return the plan for a package that is not built, to be shown and not applied.

    Its files are compared by digest once they are built. The plan shows which files of the version are already there.

    Args:
        project: The normalised name of the package.
        version: As `pyproject.toml` has it.
        index: The index; None to build and no more.
        kinds: Which files are to be published: "wheel", "sdist".
    """

    def step(key: str, title: str, observe: Callable[[], State], text: str) -> Step:
        return Step(key, title, observe, (Action(text, _only_shown),))

    def look(kind: str) -> State:
        files = index.look(project, version) if index else {}
        there = [f"{name}, sha256:{digest[:12]}…" for name, digest in sorted(files.items()) if kind_of(name) == kind]
        return needed(f"{' and '.join(there)} is there, to be compared with the build" if there else "it is not there")

    steps = [step("build", "Build the package", lambda: needed("a plan does not run the build backend"), "build it")]
    for kind in kinds if index else ():
        text = f"upload the {kind}, unless the index has the same bytes"
        steps.append(step(f"upload-{kind}", f"Upload the {kind}", partial(look, kind), text))
    where = f"publish {project} {version} to {index.publish_url}" if index else f"build {project} {version}"
    return Plan(where, tuple(steps))


def kind_of(name: str) -> str:
    """Return the kind of a file by its name: every file that is not a wheel is installed as a source distribution."""
    return "wheel" if is_wheel(name) else "sdist"


def _only_shown() -> None:
    raise StepFailed("This plan has no built files to publish.", "Run the command without --plan.")


def upload_step(index: Index, distribution: Distribution, together: Sequence[Distribution]) -> Step:
    """The index has a file.

    Args:
        index: The index.
        distribution: The file.
        together: All files that were built of the version, published or not. Nothing is uploaded while the index has
            one of them with other bytes, or any other file of the version.
    """

    def observe() -> State:
        there = index.look(distribution.project, distribution.version)
        compare(index, together, there)
        digest = f"{distribution.path.name}, sha256:{distribution.sha256[:12]}…"
        return done(digest) if distribution.path.name in there else needed(f"{digest} is not there")

    return Step(
        f"upload-{distribution.kind}",
        f"Upload the {distribution.kind}",
        observe,
        (Action(f"upload {distribution.path.name}", partial(index.upload, distribution, together)),),
    )
