"""Reads and writes the project's version in `pyproject.toml` and `uv.lock`.

Only the characters of the version change; comments, order and line endings are preserved byte for byte. The edited text
is parsed again and must not differ from the original in anything except the version. Accesses those two files only.
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
    """Return the package name in `pyproject.toml`.

    Raises:
        ManifestInvalid: The file is missing, is not valid TOML, or has no static name and version.
    """
    return str(_project(_parse(MANIFEST, read_text(folder, MANIFEST)))["name"])


def read_version(folder: Path) -> str:
    """Return the version in `pyproject.toml`.

    Raises:
        ManifestInvalid: The file is missing, is not valid TOML, or has no static version.
    """
    return version_in(read_text(folder, MANIFEST))


def version_in(text: str) -> str:
    """Return the version in the text of a `pyproject.toml`.

    Raises:
        ManifestInvalid: The text is not valid TOML, or has no static version.
    """
    return str(_project(_parse(MANIFEST, text))["version"])


def read_build_requirements(folder: Path) -> tuple[str, ...]:
    """Return the names of the packages that a build needs first, as `pyproject.toml` has them (PEP 518).

    Raises:
        ManifestInvalid: The file is missing, is not valid TOML, or has no list of strings there.
    """
    system = _parse(MANIFEST, read_text(folder, MANIFEST)).get("build-system", {})
    wanted = system.get("requires", ["setuptools"]) if isinstance(system, dict) else None
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise ManifestInvalid(f"{MANIFEST} has no list of strings as build-system.requires.")
    return tuple(re.split(r"[^\w.-]", one.strip(), maxsplit=1)[0] for one in wanted)


def read_lock_version(folder: Path) -> str | None:
    """Return the project's own version in `uv.lock`, or None if there is no such file.

    Raises:
        ManifestInvalid: One of the two files cannot be read, or the lock file does not contain the project.
    """
    if not (folder / LOCK).exists():
        return None
    project = _project(_parse(MANIFEST, read_text(folder, MANIFEST)))
    return _lock_entry(read_text(folder, LOCK), project["name"])[1]


def check_writable(folder: Path) -> None:
    """Refuse early what `write_version` or `write_lock_version` would refuse, so that neither file is written alone.

    Raises:
        ManifestInvalid: One of the files is a link, cannot be read, or its version could not be changed alone.
    """
    _edited(folder, "0.0.0")
    _refuse_link(folder / MANIFEST)
    if (folder / LOCK).exists():
        _edited_lock(folder, "0.0.0")
        _refuse_link(folder / LOCK)


def write_version(folder: Path, version: str) -> None:
    """Set the version in `pyproject.toml`.

    Raises:
        ManifestInvalid: The file cannot be read, or the version cannot be changed without changing more.
        OSError: The file cannot be written.
    """
    _replace(folder, MANIFEST, _edited(folder, version))


def _edited(folder: Path, version: str) -> str:
    """Return the text of `pyproject.toml` with another version."""
    text = read_text(folder, MANIFEST)
    document = _parse(MANIFEST, text)
    wanted = document | {"project": _project(document) | {"version": version}}
    # A match may be in a comment or belong to another key: parsing the edited text shows which one is the version.
    for place in re.finditer(rf"(['\"])({re.escape(document['project']['version'])})\1", text):
        edited = text[: place.start(2)] + version + text[place.end(2) :]
        if _parse(MANIFEST, edited) == wanted:
            return edited
    raise ManifestInvalid(f"The version in {MANIFEST} is written in a way that cannot be edited.")


def write_lock_version(folder: Path, version: str) -> None:
    """Set the project's own version in `uv.lock`, as `uv lock` would.

    Raises:
        ManifestInvalid: One of the two files cannot be read, or the version cannot be changed without changing more.
        OSError: The file cannot be written.
    """
    _replace(folder, LOCK, _edited_lock(folder, version))


def _edited_lock(folder: Path, version: str) -> str:
    """Return the text of `uv.lock` with another version of the project itself."""
    name = _project(_parse(MANIFEST, read_text(folder, MANIFEST)))["name"]
    text = read_text(folder, LOCK)
    start, before = _lock_entry(text, name)
    edited = text[:start] + version + text[start + len(before) :]
    if _without_version(edited, name, version) != _without_version(text, name, before):
        raise ManifestInvalid(f"The version of {name} in {LOCK} could not be changed without changing more.")
    return edited


def without_version(folder: Path) -> dict[str, str]:
    """Return the text of `pyproject.toml` and, if it exists, `uv.lock` by name, with a fixed version of the project.

    Raises:
        ManifestInvalid: One of the files cannot be read, or its version could not be changed alone.
    """
    locked = (folder / LOCK).exists()
    return {MANIFEST: _edited(folder, "0"), **({LOCK: _edited_lock(folder, "0")} if locked else {})}


def differs_in_more_than_version(folder: Path, file: str, before: str) -> bool:
    """Return whether `pyproject.toml` or `uv.lock` has other changes than those of `write_version`.

    Args:
        folder: The repository.
        file: The name of one of the two files.
        before: Its earlier text.

    Raises:
        ManifestInvalid: One of the two files cannot be read, or `before` is not valid.
    """
    now, project = read_text(folder, file), _project(_parse(MANIFEST, read_text(folder, MANIFEST)))
    if file == MANIFEST:
        was = _parse(file, before)
        return was | {"project": _project(was) | {"version": project["version"]}} != dict(_parse(file, now))
    name = project["name"]
    versions = [_lock_entry(text, name)[1] for text in (before, now)]
    return bool(_without_version(before, name, versions[0]) != _without_version(now, name, versions[1]))


def _lock_entry(text: str, name: str) -> tuple[int, str]:
    """Return the offset of the project's own version in a lock file, and that version."""
    normalised = re.escape(NORMALISED.sub("-", name).lower())
    entry = re.search(
        rf'^\[\[package\]\]\r?\nname = "{normalised}"\r?\nversion = "([^"\\]*)"\r?\n'
        r'source = \{ (?:editable|virtual) = "\." \}',
        text,
        re.MULTILINE,
    )
    if entry is None:
        raise ManifestInvalid(f"{LOCK} does not contain {name} itself.", "Run `uv lock`, then re-run the command.")
    return entry.start(1), entry[1]


def _without_version(text: str, name: str, version: str) -> Any:  # noqa: ANN401
    """Return the data of a lock file without the project's own version, if that is `version`."""
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
            raise ManifestInvalid(f"`[project]` in {MANIFEST} has no `{key}` that is a string.")
    return project


def _parse(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid(f"{file} is not valid TOML: {error}.") from error


def read_text(folder: Path, file: str) -> str:
    """Return the text of one of the two files, line ends as they are.

    Raises:
        ManifestInvalid: It is not there, not readable, or not UTF-8.
    """
    try:
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestInvalid(f"{file} cannot be read: {error}.") from error


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise ManifestInvalid(
            f"{path.name} is a link, which could lead out of the repository.", "Replace it by a file."
        )


def _replace(folder: Path, file: str, text: str) -> None:
    """Replace a file atomically: readers, and a killed run, see the old text or the new one."""
    path = folder / file
    _refuse_link(path)
    partial = path.with_name(f"{file}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        with partial.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.chmod(path.stat().st_mode & 0o7777)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
