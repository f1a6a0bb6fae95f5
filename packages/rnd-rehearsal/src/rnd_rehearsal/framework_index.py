"""A framework with a CPU and a CUDA build: small packages that stand in for PyTorch and Lightning, and their indexes.

The layout is that of PyTorch's index: a folder for each build, `/whl/cpu` and `/whl/cu130`, where the same version
has the local version `+cpu` or `+cu130`; pages without upload times; 403 for a package that is not there. See
https://docs.astral.sh/uv/guides/integration/pytorch. The package that requires the framework is in `/whl/all`, whose
pages have upload times, as PyPI's do (https://peps.python.org/pep-0700).
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from fake_github.loopback import Handler, listening

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime
    from pathlib import Path

    from fake_github.loopback import Answer

BUILDS = ("cpu", "cu130")
DATED = "all"  # the folder whose pages have upload times
FRAMEWORK, TRAINER = "frame", "trainer"
TIMES = "times.json"
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Builds:
    """The indexes, while they are served.

    Attributes:
        folder: The files: one folder for each index, and in it one for each package.
        port: Where they are served.
    """

    folder: Path
    port: int

    @property
    def address(self) -> str:
        """The address of the folder. Not 127.0.0.1, which is the organisation's private index in a rehearsal."""
        return f"http://localhost:{self.port}/whl"

    def publish_framework(self, version: str) -> None:
        """Publish a version of the framework, in each build."""
        publish_framework(self.folder, version)

    def publish_trainer(self, version: str, uploaded: datetime) -> None:
        """Publish a version of the package that requires the framework.

        Args:
            version: The version.
            uploaded: When the index says that it was uploaded, with a time zone.
        """
        wheel = publish_trainer(self.folder, version)
        path = wheel.parent / TIMES
        times = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**times, wheel.name: uploaded.isoformat()}), encoding="utf-8")


def publish_framework(folder: Path, version: str) -> None:
    """Put a version of the framework into the index of each build."""
    for build in BUILDS:
        write_wheel(folder / build, FRAMEWORK, f"{version}+{build}", f"BUILD = {build!r}\n")


def publish_trainer(folder: Path, version: str) -> Path:
    """Put a version of the package that requires the framework into its index, and return the file."""
    return write_wheel(folder / DATED, TRAINER, version, "", FRAMEWORK)


def write_wheel(index: Path, name: str, version: str, code: str, *requirements: str) -> Path:
    """Write a wheel and the page of its package, and return the wheel.

    The form: https://packaging.python.org/en/latest/specifications/binary-distribution-format.
    """
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}/__init__.py": code,
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {one}\n" for one in requirements),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: rehearsal\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items()]
    folder = index / name
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": "".join([*lines, f"{info}/RECORD,,\n"])}.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    links = (f'<a href="{quote(one.name)}#sha256={_sha256(one)}">{one.name}</a><br>' for one in _wheels(folder))
    (folder / "index.html").write_text("\n".join(["<!DOCTYPE html>", *links, ""]), encoding="utf-8")
    return wheel


def _wheels(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.whl"))


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class _Front(Handler):
    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        self.say(*_answer(self.folder, unquote(urlsplit(self.path).path)))

    do_HEAD = do_GET


def _answer(folder: Path, path: str) -> Answer:
    """Return a page, a wheel, or 403."""
    parts = [part for part in path.split("/") if part]
    place = folder.joinpath(*parts[1:])
    if parts[:1] != ["whl"] or ".." in parts or not place.exists() or place.name == TIMES:
        return 403, {"Content-Type": "text/plain"}, b"Forbidden\n"
    if place.is_file():
        return 200, {"Content-Type": "application/octet-stream"}, place.read_bytes()
    if (place / TIMES).exists():
        return 200, {"Content-Type": JSON}, json.dumps(_page(place)).encode()
    page = place / "index.html"
    return 200, {"Content-Type": "text/html"}, page.read_bytes() if page.exists() else b""


def _page(folder: Path) -> dict[str, object]:
    """Return the page of a package in the JSON form, with upload times."""
    times = json.loads((folder / TIMES).read_text(encoding="utf-8"))
    files = [
        {
            "filename": one.name,
            "url": quote(one.name),
            "hashes": {"sha256": _sha256(one)},
            "size": one.stat().st_size,
            "upload-time": times[one.name],
        }
        for one in _wheels(folder)
    ]
    versions = [one.name.split("-")[1] for one in _wheels(folder)]
    return {"meta": {"api-version": "1.1"}, "name": folder.name, "versions": versions, "files": files}


@contextmanager
def serve(folder: Path) -> Generator[Builds]:
    """Serve the indexes of a folder, which is made if it is not there, until the context ends."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = type("Handler", (_Front,), {"folder": folder})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler)) as server, listening(server):
        yield Builds(folder, server.server_port)
