"""What a package is built with is what `uv.lock` has, by digest; a repository without that builds as before."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from rnd import uv
from rnd.errors import CommandFailed, ManifestInvalid
from rnd.manifest import read_build_requirements
from rnd.publish import distribution
from rnd.publish.distribution import build, build_constraints
from rnd.publish.errors import PackageInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.repository import Repository

BACKEND = """\
import pathlib
pathlib.Path("{record}").write_text("{version} {extra}")
raise SystemExit(1)
"""


# Makes a source distribution that is built with something else than the repository, and records who makes the wheel.
TWO_STAGES = """\
import io, pathlib, tarfile
def build_sdist(folder, config_settings=None):
    text = pathlib.Path("pyproject.toml").read_text().replace('= ["our-backend>=1"]', '= ["{wanted}"]', 1)
    with tarfile.open(pathlib.Path(folder, "acme_demo-0.4.1.tar.gz"), "w:gz") as sdist:
        for name, content in (("pyproject.toml", text), ("PKG-INFO", "Name: d\\nVersion: 1\\n")):
            member = tarfile.TarInfo("acme_demo-0.4.1/" + name)
            member.size = len(content.encode())
            sdist.addfile(member, io.BytesIO(content.encode()))
    return "acme_demo-0.4.1.tar.gz"
def build_wheel(*_):
    pathlib.Path("{record}").write_text("{version}")
    raise SystemExit(1)
"""


def publish(index: Path, version: str, record: Path, extra: str = "", code: str = BACKEND) -> None:
    """Put a wheel of a build backend into an index; the backend records its version, and fails."""
    links = index / "our-backend"
    links.mkdir(parents=True, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: our-backend\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(links / f"our_backend-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "our_backend.py",
            code.replace("{record}", str(record)).replace("{version}", version).replace("{extra}", extra),
        )
        for name, text in (("METADATA", metadata), ("WHEEL", tags), ("RECORD", "")):
            wheel.writestr(f"our_backend-{version}.dist-info/{name}", text)
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(links.glob("*.whl"))}
    page = "".join(f'<a href="{name}#sha256={digest}">{name}</a>' for name, digest in digests.items())
    (links / "index.html").write_text(f"<!DOCTYPE html><html><body>{page}</body></html>")


@pytest.fixture
def backend(package: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A package that locks its build backend; the backend's index, and the file in which it records its version."""
    links, record = tmp_path / "simple", tmp_path / "record"
    publish(links, "1.0", record)
    monkeypatch.setenv("UV_DEFAULT_INDEX", links.as_uri())
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    manifest = package.path / "pyproject.toml"
    text = manifest.read_text().partition("[build-system]")[0]
    text += '[build-system]\nrequires = ["our-backend>=1"]\nbuild-backend = "our_backend"\n'
    manifest.write_text(f'{text}[dependency-groups]\nbuild = ["our-backend>=1"]\n')
    uv.run(package.path, "lock", "--quiet")
    return links, record


def test_a_newer_backend_on_the_index_is_not_used(
    package: Repository, backend: tuple[Path, Path], tmp_path: Path
) -> None:
    links, record = backend
    publish(links, "2.0", record)
    with pytest.raises(CommandFailed):
        build(package.path, tmp_path / "built")
    assert record.read_text() == "1.0 "


def test_another_file_under_the_locked_version_is_refused(
    package: Repository, backend: tuple[Path, Path], tmp_path: Path
) -> None:
    links, record = backend
    publish(links, "1.0", record, extra="and more")
    with pytest.raises(CommandFailed, match=r"(?i)hash"):
        build(package.path, tmp_path / "built")
    assert not record.exists()


def test_a_repository_that_does_not_lock_its_backend_builds_with_the_newest(
    package: Repository, backend: tuple[Path, Path], tmp_path: Path
) -> None:
    links, record = backend
    manifest = package.path / "pyproject.toml"
    manifest.write_text(manifest.read_text().partition("[dependency-groups]")[0])
    uv.run(package.path, "lock", "--quiet")
    publish(links, "2.0", record)
    with pytest.raises(CommandFailed):
        build(package.path, tmp_path / "built")
    assert record.read_text() == "2.0 "
    (package.path / "uv.lock").unlink()
    assert build_constraints(package.path, tmp_path) == ()


def test_extras_that_exclude_each_other(package: Repository, backend: tuple[Path, Path], tmp_path: Path) -> None:
    links, record = backend
    manifest = package.path / "pyproject.toml"
    text = manifest.read_text() + "[project.optional-dependencies]\ncpu = []\ncu130 = []\n"
    manifest.write_text(f'{text}[tool.uv]\nconflicts = [[{{ extra = "cpu" }}, {{ extra = "cu130" }}]]\n')
    uv.run(package.path, "lock", "--quiet")
    publish(links, "2.0", record)
    with pytest.raises(CommandFailed):
        build(package.path, tmp_path / "built")
    assert record.read_text() == "1.0 "


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["our-backend>=2", "our-backend", "other-backend"])
def test_the_wheel_from_the_source_distribution_is_built_with_what_is_locked(
    package: Repository, backend: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """`uv build` builds the wheel from the source distribution, whose build requirements a backend can change."""
    links, record = backend
    shutil.rmtree(links)
    code = TWO_STAGES.replace("{wanted}", wanted)
    publish(links, "1.0", record, code=code)
    uv.run(package.path, "lock", "--quiet", "--upgrade")
    publish(links, "2.0", record, code=code)
    shutil.copytree(links / "our-backend", links / "other-backend")
    for path in (links / "other-backend").glob("*.whl"):
        path.rename(path.with_name(path.name.replace("our", "other")))
    with pytest.raises(CommandFailed):
        build(package.path, tmp_path / "built")
    assert (record.read_text() if record.exists() else "none") == ("1.0" if wanted == "our-backend" else "none")
    if wanted == "our-backend>=2":
        monkeypatch.setattr(distribution, "build_constraints", lambda *_: ())
        with pytest.raises(CommandFailed):
            build(package.path, tmp_path / "again")
        assert record.read_text() == "2.0"  # without the constraints, the attack succeeds


@pytest.mark.slow
def test_a_second_wheel_of_the_build_is_refused(
    package: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build backend leaves a wheel of another project beside its own."""
    backend = """\
import pathlib, uv_build
build_sdist = uv_build.build_sdist
def build_wheel(folder, *others):
    pathlib.Path(folder, "aaa-0.4.1-py3-none-any.whl").write_bytes(b"evil")
    return uv_build.build_wheel(folder, *others)
"""
    (package.path / "own_backend.py").write_text(backend)
    manifest = package.path / "pyproject.toml"
    text = manifest.read_text().replace(
        'build-backend = "uv_build"', 'build-backend = "own_backend"\nbackend-path = ["."]'
    )
    assert text != manifest.read_text()
    text = text.replace("[tool.uv.build-backend]", '[tool.uv.build-backend]\nsource-include = ["own_backend.py"]')
    manifest.write_text(text)
    with pytest.raises(PackageInvalid, match="holds 2 files"):
        build(package.path, tmp_path / "built")
    chosen = {"wheel": min, "sdist": max}
    monkeypatch.setattr(
        distribution, "_find", lambda kind, folder: chosen[kind](folder.glob(distribution.PATTERNS[kind]))
    )
    with pytest.raises(PackageInvalid, match=r"aaa-0\.4\.1-py3-none-any\.whl holds no metadata"):
        build(package.path, tmp_path / "again")  # the other wheel is taken, and the next check refuses it


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('[build-system]\nrequires = ["uv_build>=0.9,<1", "a.b[c]; x", "d @ https://e"]', ("uv_build", "a.b", "d")),
        ("", ("setuptools",)),
        ("[build-system]\nrequires = []", ()),
    ],
)
def test_the_build_requirements_of_a_manifest(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert read_build_requirements(tmp_path) == names


@pytest.mark.parametrize("text", ["build-system = 1", "[build-system]\nrequires = 1", "[build-system]\nrequires = [1]"])
def test_no_list_of_build_requirements(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ManifestInvalid, match=r"build-system\.requires"):
        read_build_requirements(tmp_path)
