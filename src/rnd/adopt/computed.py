"""Settles what code computes from a wheel that was built with permission. Pure, over the bytes of the wheel."""

from __future__ import annotations

import io
import re
import zipfile
from email import message_from_bytes
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from rnd.adopt.analysis import refuse_credentials
from rnd.adopt.facts import Fact, OpenPoint
from rnd.adopt.layout import find_layout
from rnd.adopt.legacy import entry_points

if TYPE_CHECKING:
    from rnd.adopt.analysis import Analysis
    from rnd.adopt.tree import Tree

SOURCE = "the wheel that was built"
# open point: the fields that the wheel gives instead
SETTLED = {
    "computed-name": ("name",),
    "computed-version": ("version",),
    "version-unknown": ("version",),
    "computed-python_requires": ("requires-python",),
    "python-unknown": ("requires-python",),
    "computed-install_requires": ("dependencies", "optional-dependencies"),
    "computed-extras_require": ("dependencies", "optional-dependencies"),
    "computed-entry_points": ("scripts", "gui-scripts", "entry-points"),
}
EXTRA = re.compile(r"""(?:(?P<marker>.+) and )?extra == ["'](?P<extra>[^"']+)["']""")


def settle_computed(found: Analysis, content: bytes, tree: Tree) -> None:
    """Replace computed values by those of the wheel; what the wheel does not show stays open.

    Args:
        found: The analysis; its fields and points change.
        content: The wheel of the same commit.
        tree: The files of the commit.

    Raises:
        CredentialsCommitted: A value of the wheel has an address with credentials.
    """
    fields, files = read_fields(content)
    settled = {point.code for point in found.points if point.code in SETTLED}
    for code in sorted(settled):
        present = {key: Fact(fields[key], SOURCE) for key in SETTLED[code] if key in fields}
        if not present and code in {"python-unknown", "computed-python_requires"}:
            settled.discard(code)
        for key in SETTLED[code]:
            found.declared.fields.pop(key, None)
        found.declared.fields |= present
    if any(point.code == "computed-packages" for point in found.points):
        settled.add("computed-packages")
        _packages(found, files)
    found.layout = find_layout(tree, found.declared) or found.layout
    known = settled | ({"package-unknown"} if found.layout is not None else set())
    found.points = [point for point in found.points if point.code not in known]
    if settled:
        names = ", ".join(sorted(code.removeprefix("computed-") for code in settled))
        message = f"Code computed {names}; pyproject.toml has the values of today."
        found.points.append(OpenPoint("computed", message, SOURCE))
    refuse_credentials(found)


def _packages(found: Analysis, files: list[str]) -> None:
    """List the packages and modules of the wheel."""
    python = [PurePosixPath(path) for path in files if path.endswith(".py")]
    packages = sorted({".".join(path.parent.parts) for path in python if path.parent.parts})
    modules = sorted(path.stem for path in python if not path.parent.parts)
    table = found.declared.build.setdefault("setuptools", {})
    table |= {key: names for key, names in (("packages", packages), ("py-modules", modules)) if names}
    found.declared.modules = tuple(dict.fromkeys([*(name.partition(".")[0] for name in packages), *modules]))


def read_fields(content: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of `[project]` that a wheel has, and the files that it installs."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        folder = next(name.partition("/")[0] for name in names if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(f"{folder}/METADATA"))
        points = f"{folder}/entry_points.txt"
        fields = entry_points(archive.read(points).decode()) if points in names else {}
    always: list[str] = []
    extras: dict[str, list[str]] = {str(extra): [] for extra in metadata.get_all("Provides-Extra") or []}
    for line in metadata.get_all("Requires-Dist") or []:
        requirement = Requirement(str(line))
        matched = EXTRA.fullmatch(str(requirement.marker or ""))
        requirement.marker = None if matched else requirement.marker
        own = f" ; {matched['marker'].removeprefix('(').removesuffix(')')}" if matched and matched["marker"] else ""
        (extras.setdefault(matched["extra"], []) if matched else always).append(f"{requirement}{own}")
    found: dict[str, Any] = {"name": str(metadata["Name"]), "version": str(metadata["Version"]), "dependencies": always}
    if metadata["Requires-Python"]:
        found["requires-python"] = str(metadata["Requires-Python"])
    if extras:
        found["optional-dependencies"] = extras
    return {**found, **fields}, [name for name in names if not name.startswith(f"{folder}/")]
