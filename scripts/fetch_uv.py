"""Puts the uv that uv.txt names into a folder, straight from the package index; the standard library alone.

Usage: python3 -I fetch_uv.py FOLDER. A wheel is an archive with the two programs, so a job needs neither a virtual
environment nor pip, which take longer than the download. Verified by digest, as pip does. The exit code is 1 if this
fails, as for a platform or an index that only pip knows; `install-uv` then asks pip.
https://packaging.python.org/specifications/simple-repository-api/
"""

import hashlib
import html
import io
import os
import platform
import re
import sys
import zipfile
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

PINNED = Path(__file__).with_name("uv.txt")
INDEXES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
PYPI = "https://pypi.org/simple"
PROGRAMS = ("uv", "uvx")
TIMEOUT = 10  # seconds without an answer
OLDEST = (2, 17)  # glibc, of the wheels that this knows


def wanted() -> "tuple[str, set[str]]":
    """Return the version that is pinned, and the digests of its files."""
    text = PINNED.read_text(encoding="utf-8")
    version = re.search(r"^uv==(\S+)", text, re.MULTILINE)
    if version is None:
        raise LookupError(f"{PINNED} names no version")
    return version[1], set(re.findall(r"sha256:([0-9a-f]{64})", text))


def tag() -> str:
    """Return the beginning of the platform tag of the wheel for this machine."""
    name, version = platform.libc_ver()
    if name != "glibc" or tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise LookupError("no wheel is known for this platform")
    return f"manylinux_{OLDEST[0]}_{OLDEST[1]}_{platform.machine()}"


def read(address: str) -> bytes:
    """Return what is at an address of an index."""
    if not address.startswith("https://"):
        raise LookupError("the index does not speak https")
    with urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310 - https only
        content: bytes = answer.read()
        return content


def fetch() -> bytes:
    """Return the wheel, whose digest is one of those that are pinned."""
    version, digests = wanted()
    index = next((os.environ[name] for name in INDEXES if os.environ.get(name)), PYPI)
    page = f"{index.rstrip('/')}/uv/"
    name = re.escape(f"uv-{version}-py3-none-{tag()}")
    found = re.search(rf'href="([^"]*/{name}[^"/]*\.whl)(?:#[^"]*)?"', read(page).decode())
    if found is None:
        raise LookupError(f"{page} has no wheel of uv {version} for this machine")
    content = read(urljoin(page, html.unescape(found[1])))
    if hashlib.sha256(content).hexdigest() not in digests:
        raise LookupError("the digest of the wheel is not one of those in uv.txt")
    return content


def main(folder: Path) -> int:
    """Fetch uv, and put its programs into a folder."""
    try:
        with zipfile.ZipFile(io.BytesIO(fetch())) as wheel:
            members = {Path(name).name: name for name in wheel.namelist() if ".data/scripts/" in name}
            programs = {name: wheel.read(members[name]) for name in PROGRAMS}
    except (OSError, LookupError, ValueError, zipfile.BadZipFile) as error:
        print(f"uv was not fetched directly: {error}", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in programs.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
