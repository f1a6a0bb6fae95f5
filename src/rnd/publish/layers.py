"""Write the layers of an image so that the same files give the same bytes, whichever builder has made them.

A layer is a tar archive. What in it depends on when and by which program it was written is set to fixed values: the
order of the entries, their times, and the names of users. Its compressed form has no time either. BuildKit does the
first part where its exporter supports it (https://github.com/moby/buildkit/blob/master/docs/build-repro.md), but not in
Docker's own image store, and not the way that buildah does.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tarfile
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

from rnd.publish.registry import Blob

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

TIME = 315_532_800  # 1 January 1980, the earliest time that a zip archive can hold
BLOCK = 1 << 20  # bytes that are compressed at a time; part of the format: another size gives other digests
# Of zlib. A job waits for this: 6 takes three times as long, and saves a tenth of the bytes.
LEVEL = 1
# RFC 1952: deflate, no flags, no time, no extra flags, unknown operating system.
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
XATTR = "SCHILY.xattr."  # how a tar archive keeps extended attributes, such as capabilities


@dataclass(frozen=True)
class Layer:
    """A layer, as a registry keeps it.

    Attributes:
        diff_id: The digest of its uncompressed form.
        blob: Its compressed form.
    """

    diff_id: str
    blob: Blob


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Compressor:
    """Compresses what is written to it with gzip, in blocks of a fixed size, on all processors."""

    def __init__(self, file: IO[bytes], pool: ThreadPoolExecutor) -> None:
        self.file, self.pool = file, pool
        self.waiting: deque[Future[bytes]] = deque()
        self.rest = bytearray()
        self.plain, self.packed = hashlib.sha256(), hashlib.sha256()
        self.checksum, self.length, self.size = 0, 0, 0
        self._put(GZIP_HEADER)

    def write(self, data: bytes, /) -> int:
        """Add some bytes; return how many."""
        self.plain.update(data)
        self.checksum = zlib.crc32(data, self.checksum)
        self.length += len(data)
        self.rest += data
        while len(self.rest) >= BLOCK:
            self._submit(bytes(self.rest[:BLOCK]))
            del self.rest[:BLOCK]
        return len(data)

    def finish(self) -> Layer:
        """Write what is left, and return the whole."""
        self._submit(bytes(self.rest))
        while self.waiting:
            self._put(self.waiting.popleft().result())
        self._put(zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS).flush(zlib.Z_FINISH))
        self._put(struct.pack("<II", self.checksum, self.length & 0xFFFFFFFF))
        blob = Blob(f"sha256:{self.packed.hexdigest()}", self.size)
        return Layer(f"sha256:{self.plain.hexdigest()}", blob)

    def _submit(self, block: bytes) -> None:
        self.waiting.append(self.pool.submit(compress_block, block))
        while len(self.waiting) > 2 * (os.cpu_count() or 1):
            self._put(self.waiting.popleft().result())

    def _put(self, data: bytes) -> None:
        self.packed.update(data)
        self.size += len(data)
        self.file.write(data)


def compress_block(block: bytes) -> bytes:
    """Return a block as a part of a raw DEFLATE stream that ends at a byte; equal blocks give equal bytes."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)


def write_layer(source: IO[bytes], path: Path, *, exact: bool = False) -> Layer:
    """Write a layer to a file, compressed.

    Args:
        source: The uncompressed layer; a seekable file.
        path: The file to write.
        exact: Whether to keep its bytes, as for a layer of a base image.
    """
    with path.open("wb") as file, ThreadPoolExecutor(os.cpu_count()) as pool:
        compressor = Compressor(file, pool)
        if exact:
            while data := source.read(BLOCK):
                compressor.write(data)
        else:
            _write_entries(source, compressor)
        return compressor.finish()


def has_entries(source: IO[bytes]) -> bool:
    """Return whether a layer holds anything; for some instructions builders make layers that do not."""
    source.seek(0)
    with tarfile.open(fileobj=source, mode="r:") as archive:
        found = any(_name(entry) for entry in archive)
    source.seek(0)
    return found


def _write_entries(source: IO[bytes], sink: _Sink) -> None:
    with (
        tarfile.open(fileobj=source, mode="r:") as archive,
        tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as written,  # pyrefly: ignore[no-matching-overload]
    ):
        for entry in _sorted(archive):
            name, content = _name(entry), archive.extractfile(entry) if entry.isreg() else None
            written.addfile(_uniform(entry, name), content)


def _sorted(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the entries by name, hard links last: what they refer to comes before them."""
    entries = {_name(entry): entry for entry in archive}
    entries.pop("", None)  # the root itself, which not every builder lists
    yield from (entries[name] for name in sorted(entries, key=lambda name: (entries[name].islnk(), name)))


def _name(entry: tarfile.TarInfo) -> str:
    return "" if entry.name == "." else entry.name.removeprefix("./").strip("/")


def _uniform(entry: tarfile.TarInfo, name: str) -> tarfile.TarInfo:
    """Return an entry without what depends on when and where it was made; its owner and its mode stay."""
    uniform = tarfile.TarInfo(name)
    for field in ("size", "mode", "uid", "gid", "type", "devmajor", "devminor"):
        setattr(uniform, field, getattr(entry, field))
    uniform.linkname = entry.linkname.removeprefix("./").lstrip("/") if entry.islnk() else entry.linkname
    uniform.mtime = TIME
    uniform.pax_headers = {key: value for key, value in sorted(entry.pax_headers.items()) if key.startswith(XATTR)}
    return uniform
