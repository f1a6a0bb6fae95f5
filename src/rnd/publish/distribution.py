"""The wheel and the source distribution: builds them with `uv build`, and checks that they are fit to be published.

The same commit gives the same bytes: time stamps are the commit's. Reads the repository and writes the folder that
it is given, nothing else.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.metadata import InvalidMetadata, Metadata
from packaging.utils import canonicalize_name

from rnd import git, manifest, process, uv
from rnd.environments.extras import sync_options
from rnd.errors import ExtraMissing, UsageError
from rnd.publish.errors import DigestMismatch, PackageInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_METADATA = 2**23  # bytes; an archive of some kilobytes can hold gigabytes
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
PATTERNS = {"wheel": "*.whl", "sdist": "*.tar.gz"}


@dataclass(frozen=True)
class Distribution:
    """One file to publish.

    Attributes:
        kind: "wheel" or "sdist".
        path: Where it is.
        project: Its normalised name.
        version: As it was built.
        sha256: The digest of its bytes, in hexadecimal digits.
    """

    kind: str
    path: Path
    project: str
    version: str
    sha256: str


def build(root: Path, folder: Path) -> tuple[Distribution, ...]:
    """Build the wheel and the source distribution of the repository's package, and check both.

    Args:
        root: The repository, as it stands in its work tree.
        folder: Where to put them; empty.

    Raises:
        UsageError: There is no commit whose time they could carry.
        CommandFailed: The build failed.
        PackagesUnavailable: What it needs could not be fetched.
        PackageInvalid: They should not be published.
    """
    if git.head(root) is None:
        raise UsageError("There is no commit yet that a package could be built from.", "Commit first.")
    time = git.run(root, "log", "-1", "--no-show-signature", "--format=%ct")
    # https://reproducible-builds.org/docs/source-date-epoch; the build backend is code of the repository.
    variables = {"SOURCE_DATE_EPOCH": time, **process.without_secrets()}
    with TemporaryDirectory(prefix="rnd-build-") as place:
        uv.run(root, "build", "--out-dir", str(folder), *build_constraints(root, Path(place)), extra=variables)
    name, version = manifest.read_name(root), manifest.read_version(root)
    found = [_find(kind, folder) for kind in PATTERNS]
    faults = [fault for kind, path in zip(PATTERNS, found, strict=True) for fault in examine(kind, path, name, version)]
    if faults:
        raise PackageInvalid("\n".join(faults))
    return tuple(
        Distribution(kind, path, canonicalize_name(name), version, hashlib.sha256(path.read_bytes()).hexdigest())
        for kind, path in zip(PATTERNS, found, strict=True)
    )


def build_constraints(root: Path, folder: Path) -> tuple[str, ...]:
    """Return the options of `uv build` that install the build requirements from `uv.lock`, by digest.

    A build requirement counts as locked if any dependency group or extra of the repository contains it, such as a group
    `build`. If all of them are locked, uv installs nothing without a locked digest, and that includes their own
    dependencies. Otherwise, the versions that are locked are used, and the others are the newest ones, as in a
    repository without `uv.lock`. See https://docs.astral.sh/uv/concepts/projects/build/#build-constraints.

    Args:
        root: The repository.
        folder: Where the file with the constraints is written.

    Raises:
        CommandFailed: uv cannot read `uv.lock`.
        ManifestInvalid: `pyproject.toml` cannot be read.
        ExtrasInvalid: `[tool.rnd.extras]` is invalid.
    """
    if not (root / manifest.LOCK).is_file():
        return ()
    # The same extras on every machine: of those that exclude each other, the selection that laptops have.
    export = ("export", "--quiet", "--frozen", "--all-groups", *sync_options(root, {}), "--no-emit-project")
    exported = uv.run(root, *export, "--no-header", "--no-annotate", "--format", "requirements.txt")
    entries = re.findall(r"^\S+==.*(?:\n[ \t].*)*", exported, re.MULTILINE)  # no folders and no addresses
    file = folder / "constraints.txt"
    file.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    locked = {canonicalize_name(entry.partition("==")[0]) for entry in entries if "--hash=" in entry}
    wanted = {canonicalize_name(name) for name in manifest.read_build_requirements(root)}
    return ("--build-constraints", str(file), *(("--require-hashes",) if wanted <= locked else ()))


def keep(distributions: tuple[Distribution, ...], folder: Path) -> None:
    """Copy built files into a folder, for another job to publish."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in distributions:
        shutil.copyfile(made.path, folder / made.path.name)


def read_built(root: Path, folder: Path, sha256: str) -> tuple[Distribution, ...]:
    """Return the wheel that another job built, checked like one that is built here; none of its code runs.

    Args:
        root: The repository, whose `pyproject.toml` says what the wheel must be.
        folder: Where the wheel is, and no other one.
        sha256: The digest that the other job reported.

    Raises:
        DigestMismatch: These are not the bytes that were built.
        PackageInvalid: There is not exactly one wheel, or it should not be published.
    """
    path = _find("wheel", folder)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise DigestMismatch(f"{path.name} is sha256:{found}, and the job that built it reported sha256:{sha256}.")
    name, version = manifest.read_name(root), manifest.read_version(root)
    if faults := list(examine("wheel", path, name, version)):
        raise PackageInvalid("\n".join(faults))
    return (Distribution("wheel", path, canonicalize_name(name), version, found),)


def _find(kind: str, folder: Path) -> Path:
    found = list(folder.glob(PATTERNS[kind]))
    if len(found) != 1:
        raise PackageInvalid(f"{folder} holds {len(found)} files {PATTERNS[kind]}, where one is wanted.")
    if not stat.S_ISREG(found[0].lstat().st_mode):
        raise PackageInvalid(f"{found[0]} is not a regular file.")
    return found[0]


def examine(kind: str, path: Path, name: str, version: str) -> Iterator[str]:
    """Yield the problems of a built file, one line each.

    Args:
        kind: "wheel" or "sdist".
        path: The file.
        name: The package's name, as `pyproject.toml` has it.
        version: The package's version in `pyproject.toml`; the file must have exactly this text.
    """
    try:
        metadata = Metadata.from_email(_read_metadata(kind, path), validate=True)
    except ExceptionGroup as group:
        for error in group.exceptions:
            of = f" {error.field}:" if isinstance(error, InvalidMetadata) else ""
            yield f"{path.name}:{of} {error}"
        return
    if canonicalize_name(metadata.name) != canonicalize_name(name):
        yield f"{path.name}: its name is {metadata.name}, and pyproject.toml has {name}"
    if str(metadata.version) != version:
        yield f"{path.name}: its version is {metadata.version}, and pyproject.toml has {version}"
    fault = _fault_of_readme(metadata.description, metadata.description_content_type)
    if fault:
        yield f"{path.name}: {fault}"


def _read_metadata(kind: str, path: Path) -> bytes:
    """Return the core metadata that a file carries, from where its specification puts them."""
    try:
        if kind == "wheel":
            inside = f"{'-'.join(path.name.split('-')[:2])}.dist-info/METADATA"
            with zipfile.ZipFile(path) as wheel, wheel.open(inside) as stream:
                text = stream.read(LARGEST_METADATA + 1)
        else:
            with tarfile.open(path) as sdist:
                member = sdist.extractfile(f"{path.name.removesuffix('.tar.gz')}/PKG-INFO")
                text = member.read(LARGEST_METADATA + 1) if member else b""
    # A RuntimeError is an encrypted file or an unknown method of compression.
    except (KeyError, OSError, EOFError, RuntimeError, ValueError, *DAMAGED) as error:
        raise PackageInvalid(f"{path.name} holds no metadata: {error}.") from error
    if len(text) > LARGEST_METADATA:
        raise PackageInvalid(f"{path.name} has more than {LARGEST_METADATA} bytes of metadata.")
    return text


def _fault_of_readme(text: str | None, content_type: str | None) -> str | None:
    """Say why an index could not show a README, or None if it could.

    It is what `twine check --strict` looks for. Any text is valid Markdown; reStructuredText can be wrong.
    """
    if not text or not text.strip():
        return "there is no README: give `[project]` a `readme`"
    if content_type is None:
        return "it does not say what its README is written in"
    if not content_type.startswith("text/x-rst"):
        return None
    try:
        from readme_renderer import rst
    except ImportError as error:
        raise ExtraMissing.of("release", error.name) from error
    said = io.StringIO()
    return None if rst.render(text, stream=said) else f"its README cannot be rendered: {said.getvalue().strip()}"
