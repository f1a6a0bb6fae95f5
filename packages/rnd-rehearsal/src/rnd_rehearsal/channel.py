"""A conda channel: small real packages, made from this machine's Pythons and from wheels of the package index.

It holds one Python, the development tools for it, and two small packages of its own; it is made once, then kept. For
the platforms that this machine is not, each compiled package has a namesake without content: it is solved and locked,
never installed. Packages for any platform are written in the older of conda's two formats, the others in the newer.
"""

from __future__ import annotations

import asyncio
import bz2
import io
import json
import shutil
import sys
import tarfile
from functools import cache
from hashlib import sha256
from importlib.metadata import PathDistribution
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fake_github.cache import alone
from rnd import process
from rnd.environments.conda.rattler import PLATFORMS, this_platform
from rnd.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOOLS = (
    *("pip", "pre-commit", "pre-commit-hooks", "pytest", "pytest-cov", "ruff<0.18", "ty", "uv-build<0.14"),
    *("iniconfig", "setuptools"),
)
# What a Python needs to run the tools, and no more.
LEFT_OUT = (
    *("test", "tests", "__pycache__", "site-packages", "idlelib", "turtledemo", "tkinter", "lib2to3", "config-*"),
    *("dist-packages", "sitecustomize.py", "EXTERNALLY-MANAGED"),  # what Debian adds for the one that it shares
)
# Debian's Python installs packages into other folders than others do, and looks for them there. Its `site` is frozen.
SCHEME = ("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'")
SITE = """\
import site, sys
site.addsitedir(f"{sys.prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")
"""
# In a process of its own: py-rattler and py-rattler-build crash each other when a process that has both ends.
ASSEMBLE = """\
import json, sys
from rattler_build import assemble_package
for package in json.load(open(sys.argv[1])):
    assemble_package(**package, compression_level=1, detect_prefix=False)
"""


@cache
def interpreter(version: str) -> Path | None:
    """Return the prefix of a Python on this machine that a package can be made of; the system's own is the last."""
    listed = process.run("uv", "python", "list", "--only-installed", "--output-format", "json", version)
    # Ahead of them the one that runs this program, which may be on no path.
    prefixes = (Path(sys.base_prefix), *(Path(python["path"]).resolve().parents[1] for python in json.loads(listed)))
    whole = [
        one for one in prefixes if (one / "bin" / f"python{version}").exists() and not (one / "pyvenv.cfg").exists()
    ]
    return min(whole, key=_is_shared, default=None)


def _is_shared(prefix: Path) -> bool:
    return prefix in {Path("/usr"), Path("/usr/local")}


def channel(place: Path, version: str) -> Path:
    """Return the channel for a Python, made at the first call, whichever of several processes makes it.

    Args:
        place: A cache folder.
        version: Such as `3.11`.

    Raises:
        ToolMissing: This machine has no such Python that a package can be made of.
        CommandFailed: The package index does not give a tool.
    """
    prefix = interpreter(version)
    if prefix is None:
        raise ToolMissing(
            f"There is no Python {version} on this machine that a conda package can be made of.",
            f"Install one: `uv python install {version}`.",
        )
    made_by = sha256(f"{prefix}\n{Path(__file__).read_text(encoding='utf-8')}".encode()).hexdigest()[:12]
    folder = place / f"conda-channel-{version}-{made_by}"
    with alone(place / f"{folder.name}.lock"):
        if not folder.is_dir():
            partial = place / f"{folder.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            with TemporaryDirectory(dir=place) as staging:
                _build(partial, Path(staging), prefix, version)
            index(partial)
            partial.rename(folder)
    return folder


def index(folder: Path) -> None:
    """Write what a channel says of its packages."""
    from rattler.index.index import index_fs

    (folder / "noarch").mkdir(exist_ok=True)
    for subdir in set(PLATFORMS.values()):
        (folder / subdir).mkdir(exist_ok=True)
    asyncio.run(index_fs(folder, write_shards=False, write_zst=False))


def add_noarch(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    depends: tuple[str, ...] = (),
    build: str = "0",
) -> None:
    """Add a package for any platform that has nothing to do with Python."""
    _write_noarch(folder, {"name": name, "version": version, "build": build, "depends": list(depends)}, files, None)


def _build(folder: Path, staging: Path, prefix: Path, version: str) -> None:
    minor = f"python{version}"
    number = _stage_python(prefix, staging / "python", minor)
    compiled = [_compiled(folder, "python", number, "0_cpython", [], staging / "python")]
    wheels = staging / "wheels"
    python = str(prefix / "bin" / minor)
    process.run("uv", "pip", "install", "--quiet", "--target", str(wheels), "--python", python, *TOOLS)
    _compile(python, wheels)
    tag = f"py{version.replace('.', '')}_0"
    environment = {"python_version": version, "python_full_version": number}
    for metadata in wheels.glob("*.dist-info"):
        distribution = PathDistribution(metadata)
        name = canonicalize_name(distribution.metadata["Name"])
        depends = [f"python {version}.*", *_depends(distribution, environment)]
        index_json = {"name": name, "version": distribution.version, "build": tag, "depends": depends}
        if "Root-Is-Purelib: true" in (distribution.read_text("WHEEL") or ""):
            _write_noarch(folder, index_json, _python_files(distribution), _entry_points(distribution))
        else:
            content = _stage_compiled(distribution, staging / name, minor)
            compiled.append(_compiled(folder, name, distribution.version, tag, depends, content))
    add_noarch(folder, "greeting", "1.0", {"share/greeting.txt": b"hello\n"})
    add_noarch(folder, "greeting", "2.0", {"share/greeting.txt": b"good morning\n"})
    add_noarch(folder, "activated", "1.0", {"etc/conda/activate.d/activated.sh": b"export ACTIVATED=yes\n"})
    (staging / "nothing" / "share").mkdir(parents=True)
    (staging / "nothing" / "share" / "nothing.txt").write_text("for another platform\n")
    stubs = [
        package
        | {"target_platform": platform, "output_dir": str(folder / platform), "files_dir": str(staging / "nothing")}
        for package in compiled
        for platform in set(PLATFORMS.values()) - {this_platform()}
    ]
    packages = staging / "packages.json"
    packages.write_text(json.dumps(compiled + stubs), encoding="utf-8")
    process.run(sys.executable, "-c", ASSEMBLE, str(packages))


def _stage_python(prefix: Path, root: Path, minor: str) -> str:
    """Copy a Python so that it runs wherever it is put, and return its full version."""
    shutil.copytree(
        prefix / "lib" / minor, root / "lib" / minor, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT)
    )
    _undo_debian(root / "lib" / minor)
    (root / "lib" / minor / "site-packages").mkdir()
    (root / "lib" / minor / "site-packages" / "README.txt").write_text("Packages are put here.\n")
    (root / "bin").mkdir()
    # Where its library is, it knows by an absolute path; one relative to itself takes less room.
    absolute = f"{prefix}/lib".encode() + b"\0"
    for path in (prefix / "bin" / minor, *(prefix / "lib").glob(f"lib{minor}*.so.1.0")):
        copied = root / path.relative_to(prefix)
        copied.write_bytes(path.read_bytes().replace(absolute, b"$ORIGIN/../lib".ljust(len(absolute), b"\0")))
        copied.chmod(0o755)
    for name in ("python", "python3"):
        (root / "bin" / name).symlink_to(minor)
    python = str(root / "bin" / "python")
    _compile(python, root / "lib" / minor)
    return process.run(python, "--version").removeprefix("Python ").strip()


def _compile(python: str, folder: Path) -> None:
    """Compile modules: each environment would otherwise do so at its first start, as py-rattler compiles nothing."""
    # A test's data can have a module that no Python can compile.
    process.attempt(python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder))


def _undo_debian(library: Path) -> None:
    """Let a copy of Debian's Python have its packages in `site-packages`, as every other Python does."""
    for path in (library / "sysconfig.py", library / "sysconfig" / "__init__.py"):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if SCHEME[0] in text:
            path.write_text(text.replace(*SCHEME), encoding="utf-8")
            (library / "sitecustomize.py").write_text(SITE, encoding="utf-8")


def _compiled(folder: Path, name: str, version: str, build: str, depends: list[str], files: Path) -> dict[str, object]:
    return {
        "name": name,
        "version": version,
        "target_platform": this_platform(),
        "build_string": build,
        "output_dir": str(folder / this_platform()),
        "files_dir": str(files),
        "depends": depends,
    }


def _stage_compiled(distribution: PathDistribution, root: Path, minor: str) -> Path:
    """Put the files of a wheel where a package for one platform and one Python has them."""
    for path, content, mode in _files(distribution):
        place = root / (path if path.startswith("bin/") else f"lib/{minor}/site-packages/{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode)
    return root


def _python_files(distribution: PathDistribution) -> dict[str, bytes]:
    """Return the files of a wheel as a package for any Python has them; a client makes its commands."""
    return {f"site-packages/{path}": text for path, text, _ in _files(distribution) if not path.startswith("bin/")}


def _files(distribution: PathDistribution) -> Iterator[tuple[str, bytes, int]]:
    for file in distribution.files or ():
        path = Path(str(file.locate()))
        if path.suffix == ".pyc" or not path.is_file():
            continue
        # A target folder has its commands in bin/ of its own; RECORD says ../../bin/.
        inside = Path(str(file).removeprefix("../../"))
        # What was compiled is beside its source and not in RECORD.
        compiled = path.parent.glob(f"__pycache__/{path.stem}.*.pyc") if path.suffix == ".py" else ()
        for one in (path, *compiled):
            yield str(inside.parent / one.relative_to(path.parent)), one.read_bytes(), one.stat().st_mode & 0o777


def _depends(distribution: PathDistribution, environment: Mapping[str, str]) -> Iterator[str]:
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""}):
            yield f"{canonicalize_name(requirement.name)} {requirement.specifier}".strip()


def _entry_points(distribution: PathDistribution) -> list[str]:
    return [f"{point.name} = {point.value}" for point in distribution.entry_points if point.group == "console_scripts"]


def _write_noarch(
    folder: Path, index_json: Mapping[str, object], files: Mapping[str, bytes], entry_points: list[str] | None
) -> None:
    """Write a package in the format that https://docs.conda.io calls .tar.bz2.

    Args:
        folder: The channel.
        index_json: Name, version, build and dependencies.
        files: What it brings, by path.
        entry_points: The commands of a Python package; None for another kind of package.
    """
    kind = "generic" if entry_points is None else "python"
    described = [
        {"_path": path, "path_type": "hardlink", "sha256": sha256(content).hexdigest(), "size_in_bytes": len(content)}
        for path, content in files.items()
    ]
    info = {
        "index.json": {**index_json, "build_number": 0, "noarch": kind, "subdir": "noarch"},
        "paths.json": {"paths": described, "paths_version": 1},
        "about.json": {},
    }
    if entry_points is not None:
        info["link.json"] = {"noarch": {"type": "python", "entry_points": entry_points}, "package_metadata_version": 1}
    content = {f"info/{name}": json.dumps(document).encode() for name, document in info.items()} | dict(files)
    content["info/files"] = "".join(f"{path}\n" for path in files).encode()
    name = f"{index_json['name']}-{index_json['version']}-{index_json['build']}.tar.bz2"
    (folder / "noarch").mkdir(parents=True, exist_ok=True)
    with (
        bz2.open(folder / "noarch" / name, "wb", compresslevel=1) as stream,
        tarfile.open(fileobj=stream, mode="w") as archive,
    ):
        for path, text in content.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text), 0o755 if path.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(text))
