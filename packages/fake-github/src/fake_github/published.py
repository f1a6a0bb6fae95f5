"""What GitHub publishes about its APIs: its OpenAPI description and its GraphQL schema.

Touches npm, its registry, and the cache. The versions are pinned, with their digests, by `node/package-lock.json`.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from fake_github import process
from fake_github.cache import cache_folder

NODE = Path(__file__).parent / "node"
MODULES = Path("node_modules", "@octokit")
FILES = {
    "api.github.com.json": MODULES / "openapi" / "generated" / "api.github.com.json",
    "ghec.json": MODULES / "openapi" / "generated" / "ghec.json",
    "schema.graphql": MODULES / "graphql-schema" / "schema.graphql",
}


def folder() -> Path:
    """Return the folder that keeps what the pinned versions contain, and what is made from it."""
    lock = (NODE / "package-lock.json").read_bytes()
    return cache_folder() / "github-api" / hashlib.sha256(lock).hexdigest()[:16]


def available() -> bool:
    """Return whether npm is installed, which downloads the files."""
    return process.find("npm") is not None


def fetch(name: str) -> Path:
    """Return one of `FILES`, downloaded if it is not kept yet; the caller holds the lock of `folder`.

    Raises:
        CommandFailed: npm could not fetch it.
    """
    kept = folder() / name
    if not kept.exists():
        with TemporaryDirectory(prefix="npm-", dir=folder()) as place:
            for file in ("package.json", "package-lock.json"):
                shutil.copy2(NODE / file, place)
            process.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=place)
            for file, packaged in FILES.items():
                (Path(place) / packaged).replace(folder() / file)
    return kept
