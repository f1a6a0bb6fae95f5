"""The digests by which a registry addresses content, and streams that are checked in transit. No side effects."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rnd.publish.errors import DigestMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def digest_of(content: bytes) -> str:
    """Return the digest by which a registry addresses some content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def check_bytes(chunks: Iterable[bytes], digest: str, size: int) -> Iterator[bytes]:
    """Yield the chunks of a blob; the last one only once all of them are known to be its bytes.

    Raises:
        DigestMismatch: They are not.
    """
    found, length, held = hashlib.sha256(), 0, b""
    for chunk in chunks:
        found.update(chunk)
        length += len(chunk)
        if length > size:
            break
        yield held
        held = chunk
    if (length, f"sha256:{found.hexdigest()}") != (size, digest):
        raise DigestMismatch(f"A blob is not {digest} of {size} bytes: it has {length} bytes or other ones.")
    yield held
