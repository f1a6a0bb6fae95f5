"""The folder that keeps downloads and built images between rehearsals. It can be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path

from fake_github.cache import user_cache


def cache_folder() -> Path:
    """Return that folder: RND_CACHE_DIR, by default `rnd` in the user's cache folder."""
    given = os.environ.get("RND_CACHE_DIR")
    return Path(given) if given else user_cache() / "rnd"
