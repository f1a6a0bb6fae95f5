"""The layers of an image: the same files give the same bytes, and nothing that matters is lost. No builder runs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from rnd.publish.archives import open_archive
from rnd.publish.errors import ImageInvalid
from rnd.publish.known_layers import recall, remember
from rnd.publish.layers import BLOCK, TIME, has_entries, write_layer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rnd.publish.layers import Layer

LINK, HARD, FOLDER = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
# Name, kind, content or target, and mode. `a.b` comes before `a/b`, though `a` comes first.
ENTRIES = (
    ("app", FOLDER, "", 0o755),
    ("app/lib", FOLDER, "", 0o700),
    ("app/lib/module.py", tarfile.REGTYPE, "answer = 42\n", 0o644),
    ("app/lib-two", LINK, "lib", 0o777),
    ("app/also.py", HARD, "app/lib/module.py", 0o644),
    ("app/.wh.removed", tarfile.REGTYPE, "", 0o600),
    ("app/long/" + "n" * 150 + "/é.py", tarfile.REGTYPE, "x", 0o755),
)


def pack(entries: Iterable[tuple[str, bytes, str, int]], *, start: str = "", time: int = 1, user: str = "") -> bytes:
    """Return a layer as some builder may write it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT if start else tarfile.GNU_FORMAT) as archive:
        for number, (name, kind, text, mode) in enumerate(entries):
            entry = tarfile.TarInfo(start + name + ("/" if start and kind == FOLDER else ""))
            entry.type, entry.mode, entry.mtime, entry.uid, entry.uname = kind, mode, time + number, 1000, user
            if kind == tarfile.REGTYPE:
                entry.size = len(text.encode())
            else:
                entry.linkname = (start if kind == HARD else "") + text
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def write(content: bytes, path: Path, *, exact: bool = False) -> Layer:
    """Write a layer, check its digests, and return it."""
    layer = write_layer(io.BytesIO(content), path, exact=exact)
    packed = path.read_bytes()
    plain = gzip.decompress(packed)
    assert layer.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert layer.blob.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert layer.blob.size == len(packed)
    return layer


def test_order_times_and_names_of_users_make_no_difference(tmp_path: Path) -> None:
    first = write(pack(ENTRIES), tmp_path / "first")
    second = write(pack(reversed(ENTRIES), start="./", time=1_700_000_000, user="ada"), tmp_path / "second")
    assert first == second
    with tarfile.open(tmp_path / "first") as archive:
        found = archive.getmembers()
        assert {(one.name, one.type, one.mode, one.linkname) for one in found} == {
            (name, kind, mode, "" if kind in {tarfile.REGTYPE, FOLDER} else text) for name, kind, text, mode in ENTRIES
        }
        assert {(one.mtime, one.uid, one.uname) for one in found} == {(TIME, 1000, "")}
        names = [one.name for one in found]
        assert names.index("app/lib/module.py") < names.index("app/also.py"), "a hard link comes after its target"
        (module,) = [archive.extractfile(one) for one in found if one.name == "app/lib/module.py"]
        assert module is not None
        assert module.read() == b"answer = 42\n"


@pytest.mark.parametrize("place", range(4))
def test_anything_else_makes_a_difference(tmp_path: Path, place: int) -> None:
    name, kind, text, mode = ENTRIES[2]
    changed = [("app/lib/other.py", kind, text, mode), (name, LINK, text, mode), (name, kind, "answer = 43\n", mode)]
    other = [*changed, (name, kind, text, 0o755)][place]
    layers = [write(pack([*ENTRIES[:2], one]), tmp_path / "layer") for one in (ENTRIES[2], other)]
    assert layers[0].diff_id != layers[1].diff_id


def test_capabilities_stay(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("ping")
        entry.pax_headers = {"SCHILY.xattr.security.capability": "word", "LIBARCHIVE.creationtime": "1700000000"}
        archive.addfile(entry)
    write(packed.getvalue(), tmp_path / "layer")
    with tarfile.open(tmp_path / "layer") as archive:
        assert archive.getmember("ping").pax_headers == {"SCHILY.xattr.security.capability": "word"}


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_a_layer_of_a_base_image_keeps_its_bytes(tmp_path: Path, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    layer = write(content, tmp_path / "layer", exact=True)
    assert gzip.decompress((tmp_path / "layer").read_bytes()) == content
    assert layer == write(content, tmp_path / "again", exact=True)


def test_a_layer_without_entries() -> None:
    assert not has_entries(io.BytesIO(pack([])))
    assert not has_entries(io.BytesIO(pack([("", FOLDER, "", 0o755)], start="./")))
    assert has_entries(io.BytesIO(pack(ENTRIES[:1])))


def test_what_a_layer_became_is_known_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RND_CACHE_DIR", str(tmp_path / "cache"))
    layer = write(pack(ENTRIES), tmp_path / "layer")
    assert recall("sha256:1", exact=True) is None
    remember("sha256:1", layer, exact=True)
    remember("sha256:2", layer, exact=True)
    assert recall("sha256:1", exact=True) == recall("sha256:2", exact=True) == layer
    assert recall("sha256:1", exact=False) is None
    (file,) = (tmp_path / "cache").iterdir()
    for broken in ("", "[]", '{"a": 1}', json.dumps({key: [1] for key in json.loads(file.read_text())})):
        file.write_text(broken)
        assert recall("sha256:1", exact=True) is None
    remember("sha256:1", layer, exact=True)
    assert recall("sha256:1", exact=True) == layer
    monkeypatch.setenv("RND_CACHE_DIR", "/proc/none")  # cannot be written
    remember("sha256:1", layer, exact=True)
    assert recall("sha256:1", exact=True) is None


def save(path: Path, files: dict[str, bytes]) -> Path:
    """Write a file as `docker save` does; return it."""
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


CONFIG = b'{"config": {}, "rootfs": {"diff_ids": ["sha256:1"]}}'


@pytest.mark.parametrize("packed", [False, True])
def test_the_file_of_an_image(tmp_path: Path, packed: bool) -> None:
    """Docker's older image store keeps layers as they are, the newer one compressed."""
    layer = pack(ENTRIES)
    files = {
        "manifest.json": b'[{"Config": "c.json", "Layers": ["blobs/1"]}]',
        "c.json": CONFIG,
        "blobs/1": gzip.compress(layer) if packed else layer,
    }
    with open_archive(save(tmp_path / "image.tar", files)) as archive:
        assert archive.diff_ids == ["sha256:1"]
        with archive.layer(0) as content:
            assert content.read() == layer


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"manifest.json": b"[]"},
        {"manifest.json": b'[{"Config": "c.json", "Layers": []}]', "c.json": CONFIG},
        {"manifest.json": b'[{"Config": "gone", "Layers": []}]'},
        {"manifest.json": b"["},
    ],
)
def test_a_file_that_is_no_image(tmp_path: Path, files: dict[str, bytes]) -> None:
    with (
        pytest.raises(ImageInvalid, match="What the builder has saved is not an image"),
        open_archive(save(tmp_path / "image.tar", files)),
    ):
        pass
