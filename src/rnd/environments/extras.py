"""Which extras of a uv project are installed in a place: all that can be installed together.

uv refuses `--all-extras` where `[tool.uv] conflicts` declares that extras exclude each other, such as the CPU and the
CUDA build of a framework (https://docs.astral.sh/uv/concepts/projects/config/#conflicting-dependencies). The table
`[tool.rnd.extras]` selects among them for each place:

    [tool.rnd.extras]
    default = ["cpu"]    # laptops, and all places without a key of their own
    ci = ["cpu"]         # jobs of the pipeline
    gpu = ["cu130"]      # where RND_PLACE=gpu
    image = ["cu130"]    # the image; it has no other extras

Reads `pyproject.toml` only.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from rnd.environments.errors import ExtrasInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PLACE = "RND_PLACE"  # the variable that names the place; docs/how-to/gpu.md
DEFAULT, IMAGE = "default", "image"


@dataclass(frozen=True)
class Extras:
    """The extras of a project, and what it says about them.

    Attributes:
        names: All extras, in the order of `pyproject.toml`.
        conflicts: Sets of extras that exclude each other. An extra that a default dependency group excludes is alone.
        chosen: For each place, the selected extras.
    """

    names: tuple[str, ...] = ()
    conflicts: tuple[frozenset[str], ...] = ()
    chosen: Mapping[str, tuple[str, ...]] | None = None


def sync_options(folder: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options of `uv sync` that select the extras of this place.

    Args:
        folder: The root of a repository.
        environ: RND_PLACE names the place. Without it, the place is `ci` where CI is set, as in all jobs of GitHub
            Actions.

    Raises:
        ExtrasInvalid: `[tool.rnd.extras]` is invalid, or has no key for the place that RND_PLACE names.
    """
    extras = read_extras(folder)
    left_out = excluded(extras, _place(extras, environ))
    return ("--all-extras", *(option for name in left_out for option in ("--no-extra", name)))


def image_options(folder: Path) -> tuple[str, ...]:
    """Return the options of uv that select the extras of the image: the listed ones, and no others.

    Raises:
        ExtrasInvalid: `[tool.rnd.extras]` is invalid.
    """
    chosen = read_extras(folder).chosen or {}
    return tuple(option for name in chosen.get(IMAGE, ()) for option in ("--extra", name))


def read_extras(folder: Path) -> Extras:
    """Read what `pyproject.toml` says about extras; a file that uv cannot read either has none.

    Raises:
        ExtrasInvalid: `[tool.rnd.extras]` names extras that do not exist or exclude each other.
    """
    try:
        manifest = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        project, tool = manifest.get("project", {}), manifest.get("tool", {})
        names = tuple(canonicalize_name(name) for name in project.get("optional-dependencies", {}))
        conflicts = tuple(_conflict_sets(str(project.get("name", "")), tool.get("uv", {})))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return Extras()
    return Extras(names, conflicts, _choices(tool.get("rnd", {}), names, conflicts))


def excluded(extras: Extras, place: str) -> tuple[str, ...]:
    """Return the extras that are not installed in a place.

    The selected extras come first, then the others in their order: each is left out if it conflicts with one before.
    """
    wanted = (extras.chosen or {}).get(place, ())
    taken: list[str] = []
    for name in (*wanted, *(one for one in extras.names if one not in wanted)):
        if not _conflicting((*taken, name), extras.conflicts):
            taken.append(name)
    return tuple(name for name in extras.names if name not in taken)


def _place(extras: Extras, environ: Mapping[str, str]) -> str:
    named, known = environ.get(PLACE, ""), extras.chosen or {}
    if named in known:
        return named
    if named and named != DEFAULT and extras.conflicts:
        raise ExtrasInvalid(f"{PLACE} is {named!r}, and [tool.rnd.extras] in pyproject.toml has no such key.")
    return "ci" if environ.get("CI") and "ci" in known else DEFAULT


def _conflict_sets(project: str, settings: Mapping[str, Any]) -> Iterable[frozenset[str]]:
    """Yield the extras in each entry of `[tool.uv] conflicts`, apart from those of other workspace members."""
    groups = settings.get("default-groups", ["dev"])
    for entries in settings.get("conflicts", ()):
        own = [one for one in entries if canonicalize_name(one.get("package", project)) == canonicalize_name(project)]
        found = frozenset(canonicalize_name(one["extra"]) for one in own if "extra" in one)
        always = any(groups == "all" or one["group"] in groups for one in own if "group" in one)
        if always:
            yield from (frozenset({name}) for name in found)
        elif len(found) > 1:
            yield found


def _conflicting(names: Iterable[str], conflicts: Iterable[frozenset[str]]) -> bool:
    active = set(names)
    return any(len(active & one) > 1 or (len(one) == 1 and one <= active) for one in conflicts)


def _choices(
    settings: object, names: tuple[str, ...], conflicts: tuple[frozenset[str], ...]
) -> dict[str, tuple[str, ...]]:
    table = settings.get("extras", {}) if isinstance(settings, dict) else settings
    if not isinstance(table, dict):
        raise ExtrasInvalid("[tool.rnd.extras] in pyproject.toml is not a table.")
    found: dict[str, tuple[str, ...]] = {}
    for place, listed in table.items():
        where = f"[tool.rnd.extras] in pyproject.toml, key {place}"
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise ExtrasInvalid(f'{where}: expected a list of extras such as ["cpu"].')
        chosen = tuple(canonicalize_name(one) for one in listed)
        unknown = [one for one in chosen if one not in names]
        if unknown:
            raise ExtrasInvalid(f"{where}: no extra {', '.join(unknown)} in [project.optional-dependencies].")
        if _conflicting(chosen, conflicts):
            raise ExtrasInvalid(f"{where}: {', '.join(chosen)} exclude each other in [tool.uv] conflicts.")
        if not re.fullmatch(r"[a-z0-9-]+", place):
            raise ExtrasInvalid(f"{where}: a place is lower-case letters, digits and hyphens.")
        found[place] = chosen
    return found
