"""The version in `pyproject.toml` and in `uv.lock`: reads both, and writes both so that they agree.

Only the characters of the version change; comments, order and line ends stay, byte for byte. What was edited is
parsed again and must differ from what was there in the version and in nothing else. Touches those two files only.
"""

from __future__ import annotations

import os
import re
import tomllib

from rnd.errors import ManifestInvalid

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

MANIFEST = "pyproject.toml"
LOCK = "uv.lock"
NORMALISED = re.compile(r"[-_.]+")  # https://packaging.python.org, "Names and normalization"


def read_name(folder: Path) -> str:
    """Return the package's name that `pyproject.toml` has.

    Raises:
        ManifestInvalid: There is no such file, it is no TOML, or it has no name and version of its own.
    """
    return str(_project(_parse(MANIFEST, _read(folder, MANIFEST)))["name"])


def read_version(folder: Path) -> str:
    """Return the version that `pyproject.toml` has.

    Raises:
        ManifestInvalid: There is no such file, it is no TOML, or it has no version of its own.
    """
    return version_in(_read(folder, MANIFEST))


def version_in(text: str) -> str:
    """Return the version that the text of a `pyproject.toml` has.

    Raises:
        ManifestInvalid: It is no TOML, or has no version of its own.
    """
    return str(_project(_parse(MANIFEST, text))["version"])


def read_lock_version(folder: Path) -> str | None:
    """Return the version that `uv.lock` has for the project itself, or None where there is no such file.

    Raises:
        ManifestInvalid: One of the two files cannot be read, or the lock file does not hold the project.
    """
    if not (folder / LOCK).exists():
        return None
    project = _project(_parse(MANIFEST, _read(folder, MANIFEST)))
    return _lock_entry(_read(folder, LOCK), project["name"])[1]


def write_version(folder: Path, version: str) -> None:
    """Set the version in `pyproject.toml`.

    Raises:
        ManifestInvalid: The file cannot be read, or its version could not be changed alone.
        OSError: The file cannot be written.
    """
    text = _read(folder, MANIFEST)
    document = _parse(MANIFEST, text)
    wanted = document | {"project": _project(document) | {"version": version}}
    # What stands in quotes like the version may as well be a comment or another key: the parser says which is which.
    for place in re.finditer(rf"(['\"])({re.escape(document['project']['version'])})\1", text):
        edited = text[: place.start(2)] + version + text[place.end(2) :]
        if _parse(MANIFEST, edited) == wanted:
            _replace(folder, MANIFEST, edited)
            return
    raise ManifestInvalid(f"The version in {MANIFEST} is written in a way that cannot be edited.")


def write_lock_version(folder: Path, version: str) -> None:
    """Set the version that `uv.lock` has for the project itself, as `uv lock` would.

    Raises:
        ManifestInvalid: One of the two files cannot be read, or the version could not be changed alone.
        OSError: The file cannot be written.
    """
    name = _project(_parse(MANIFEST, _read(folder, MANIFEST)))["name"]
    text = _read(folder, LOCK)
    start, before = _lock_entry(text, name)
    edited = text[:start] + version + text[start + len(before) :]
    if _without_version(edited, name, version) != _without_version(text, name, before):
        raise ManifestInvalid(f"The version of {name} in {LOCK} could not be changed without changing more.")
    _replace(folder, LOCK, edited)


def differs_in_more_than_version(folder: Path, file: str, before: str) -> bool:
    """Say whether `pyproject.toml` or `uv.lock` has changed otherwise than by `write_version` or `write_lock_version`.

    Args:
        folder: The repository.
        file: One of the two.
        before: What it was.

    Raises:
        ManifestInvalid: One of the two files, as it is or was, cannot be read.
    """
    now, project = _read(folder, file), _project(_parse(MANIFEST, _read(folder, MANIFEST)))
    if file == MANIFEST:
        was = _parse(file, before)
        return was | {"project": _project(was) | {"version": project["version"]}} != dict(_parse(file, now))
    name = project["name"]
    versions = [_lock_entry(text, name)[1] for text in (before, now)]
    return bool(_without_version(before, name, versions[0]) != _without_version(now, name, versions[1]))


def _lock_entry(text: str, name: str) -> tuple[int, str]:
    """Return where the version of the project itself stands in a lock file, and which it is."""
    normalised = re.escape(NORMALISED.sub("-", name).lower())
    entry = re.search(
        rf'^\[\[package\]\]\r?\nname = "{normalised}"\r?\nversion = "([^"\\]*)"\r?\n'
        r'source = \{ (?:editable|virtual) = "\." \}',
        text,
        re.MULTILINE,
    )
    if entry is None:
        raise ManifestInvalid(f"{LOCK} does not hold {name} itself.", "Run `uv lock`, then the same command again.")
    return entry.start(1), entry[1]


def _without_version(text: str, name: str, version: str) -> Any:  # noqa: ANN401
    """Return the data of a lock file with the project's own version taken out, which must be the one given."""
    document = _parse(LOCK, text)
    own = {"name": NORMALISED.sub("-", name).lower(), "version": version}
    entries = [package for package in document["package"] if own.items() <= package.items()]
    for package in entries:
        if package["source"] in ({"editable": "."}, {"virtual": "."}):
            del package["version"]
    return document


def _project(document: dict[str, Any]) -> dict[str, Any]:
    project = document.get("project")
    if not isinstance(project, dict):
        raise ManifestInvalid(f"{MANIFEST} has no `[project]` table.")
    for key in ("name", "version"):
        if not isinstance(project.get(key), str):
            raise ManifestInvalid(f"`[project]` in {MANIFEST} has no `{key}`, as text, of its own.")
    return project


def _parse(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ManifestInvalid(f"{file} is no valid TOML: {error}.") from error


def _read(folder: Path, file: str) -> str:
    try:
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestInvalid(f"{file} cannot be read: {error}.") from error


def _replace(folder: Path, file: str, text: str) -> None:
    """Put a new text in a file's place at once: whoever reads it, or is killed, sees the old one or the new one."""
    path = (folder / file).resolve()  # a link stays a link
    partial = path.with_name(f"{file}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(path.stat().st_mode & 0o7777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
