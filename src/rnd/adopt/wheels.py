"""Compares two wheels: the same package before and after. Pure, over the bytes of the archives.

The fields are those that decide how a package is installed and called:
https://packaging.python.org/en/latest/specifications/core-metadata/.
"""

from __future__ import annotations

import configparser
import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from rnd.adopt.legacy import CaseSensitive
from rnd.adopt.normal import details, normal_requirement, normal_specifier

if TYPE_CHECKING:
    from email.message import Message


@dataclass(frozen=True)
class Wheel:
    """What a wheel installs.

    Attributes:
        name: The normalised name.
        version: The normalised version.
        python: The Python versions, normalised.
        requirements: The requirements, normalised, with extras as markers.
        extras: The extras, normalised.
        entry_points: Group, name and target of each entry point.
        files: The hash of each file that is installed; of the metadata, only licences and the like.
        tag: The tags of Python, ABI and platform.
        details: What an index shows about it.
    """

    name: str
    version: str
    python: str
    requirements: frozenset[str]
    extras: frozenset[str]
    entry_points: frozenset[str]
    files: dict[str, str] = field(default_factory=dict)
    tag: str = ""
    details: frozenset[str] = frozenset()


# Files of the metadata that are compared by their content, or that only installers and older tools read.
METADATA = {
    "METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt", "namespace_packages.txt", "zip-safe",
    "dependency_links.txt",
}  # fmt: skip
INSIDE = "dist-info/"  # how a file of the metadata is listed, without the name and the version of the package


def read_wheel(content: bytes) -> Wheel:
    """Return what a wheel installs.

    Raises:
        ValueError: It is not a wheel.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        folder = next((name.partition("/")[0] for name in names if name.endswith(".dist-info/METADATA")), None)
        if folder is None:
            raise ValueError("the archive has no METADATA")
        metadata = message_from_bytes(archive.read(f"{folder}/METADATA"))
        entry_file = f"{folder}/entry_points.txt"
        points = archive.read(entry_file).decode() if entry_file in names else ""
        tags = message_from_bytes(archive.read(f"{folder}/WHEEL")).get_all("Tag") or []
        listed = {_installed(name, folder): name for name in names if not name.endswith("/")}
        files = {path: hashlib.sha256(archive.read(name)).hexdigest() for path, name in listed.items() if path}
    return _wheel(metadata, points, files, ",".join(sorted(tags)))


def _installed(name: str, folder: str) -> str:
    """Return the path of a file, the same for each version of the package; empty for metadata that is read otherwise.

    A licence is in `licenses/` since version 2.4 of the metadata, and beside the metadata before:
    https://packaging.python.org/en/latest/specifications/core-metadata/#license-file-multiple-use
    """
    top, _, rest = name.partition("/")
    if top == folder:
        return "" if rest in METADATA else f"{INSIDE}{rest.removeprefix('licenses/')}"
    return f".data/{rest}" if top == f"{folder.removesuffix('.dist-info')}.data" else name


def _wheel(metadata: Message, points: str, files: dict[str, str], tag: str) -> Wheel:
    return Wheel(
        name=canonicalize_name(str(metadata["Name"])),
        version=str(Version(str(metadata["Version"]))),
        python=normal_specifier(str(metadata["Requires-Python"] or "")),
        requirements=frozenset(map(normal_requirement, metadata.get_all("Requires-Dist") or [])),
        extras=frozenset(map(canonicalize_name, metadata.get_all("Provides-Extra") or [])),
        entry_points=frozenset(read_entry_points(points)),
        files=files,
        tag=tag,
        details=details(metadata),
    )


def read_entry_points(text: str) -> list[str]:
    """Return each entry point as `group: name = target`."""
    parser = CaseSensitive(delimiters=("=",), interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(f"entry_points.txt is not valid: {error}") from error
    return [
        f"{group}: {name} = {''.join(target.split())}"
        for group in parser.sections()
        for name, target in parser[group].items()
    ]


def differences(before: Wheel, after: Wheel) -> list[str]:
    """Return each difference as one line; none if the wheels install the same."""
    lines = [
        f"{key}: {getattr(before, key) or 'none'} → {getattr(after, key) or 'none'}"
        for key in ("name", "version", "python", "tag")
        if getattr(before, key) != getattr(after, key)
    ]
    for key in ("requirements", "extras", "entry_points", "details"):
        old, new = getattr(before, key), getattr(after, key)
        lines += [f"{key}: {one} is gone" for one in sorted(old - new)]
        lines += [f"{key}: {one} is new" for one in sorted(new - old)]
    for path in sorted(before.files.keys() | after.files.keys()):
        old, new = before.files.get(path), after.files.get(path)
        if old != new:
            lines.append(f"files: {path} is {'gone' if new is None else 'new' if old is None else 'different'}")
    return lines
