"""What layers that this machine has written before became: they are not compressed again where a registry has them.

Keeps a small file in the user's cache folder. It can be deleted at any time, and is only a hint: the registry is asked
for the blob.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnd.publish.layers import Layer
from rnd.publish.registry import Blob

MOST = 1000  # layers; the oldest are forgotten


def recall(source: str, *, exact: bool) -> Layer | None:
    """Return what a layer became, or None if that is not known.

    Args:
        source: The digest of its uncompressed form, as the builder has written it.
        exact: Whether its bytes were kept; see `write_layer`.
    """
    try:
        diff_id, digest, size = _read()[_key(source, exact=exact)]
        return Layer(str(diff_id), Blob(str(digest), int(size)))
    except (KeyError, TypeError, ValueError):
        return None


def remember(source: str, layer: Layer, *, exact: bool) -> None:
    """Note what a layer became. A cache folder that cannot be written is not an error."""
    known = _read() | {_key(source, exact=exact): [layer.diff_id, layer.blob.digest, layer.blob.size]}
    path = _path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        partial.write_text(json.dumps(dict(list(known.items())[-MOST:])), encoding="utf-8")
        partial.replace(path)


def _key(source: str, *, exact: bool) -> str:
    return f"{source} {'exact' if exact else 'uniform'} {zlib.ZLIB_RUNTIME_VERSION}"


def _path() -> Path:
    given = os.environ.get("RND_CACHE_DIR")
    folder = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rnd"
    return folder / "layers.json"


def _read() -> dict[str, Any]:
    try:
        known = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}
