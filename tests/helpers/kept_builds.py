"""Stands in `docker/build.py` of a repository with a small image, before the repository's own script, `docker/made.py`.

It runs that script, and keeps what it makes: the same files and arguments give the same, so nothing is built twice.
Tests of what happens after a build, which most do with the same commit, need no other build.
"""

import hashlib
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN = [sys.executable, str(HERE / "made.py"), *sys.argv[1:]]
KEPT = Path(os.environ["KEPT_BUILDS"])
SAVE = "--save"  # an option of this script, too
FILES = (HERE / "Dockerfile", HERE / "made.py", HERE.parent / "uv.lock", HERE.parent / "pyproject.toml")


def build(key: str, saved: list[str]) -> Path:
    """Return the folder of what a build has made, built now if it was not there."""
    place = KEPT / key
    if not place.is_dir():
        import subprocess  # which most runs do not need

        partial = KEPT / f"{key}.{os.getpid()}"
        partial.mkdir()
        ended = subprocess.run(OWN, stdout=subprocess.PIPE, check=False)
        if ended.returncode:
            sys.exit(ended.returncode)
        (partial / "said").write_bytes(ended.stdout)
        for file in saved:
            (partial / "image.tar").write_bytes(Path(file).read_bytes())
        partial.rename(place)
    return place


if "--push" in sys.argv:
    os.execv(sys.executable, OWN)
saved = [one.partition("=")[2] for one in OWN if one.startswith(f"{SAVE}=")]
# The index has another port in each test, and no stage of a small image asks it.
meant = [one for one in sys.argv[1:] if not one.startswith((f"{SAVE}=", "--index-url="))]
text = "\0".join([*meant, *(file.read_text(encoding="utf-8") for file in FILES)])
made = build(hashlib.sha256(text.encode()).hexdigest(), saved)
for file in saved:
    Path(file).write_bytes((made / "image.tar").read_bytes())
sys.stdout.write((made / "said").read_text(encoding="utf-8"))
