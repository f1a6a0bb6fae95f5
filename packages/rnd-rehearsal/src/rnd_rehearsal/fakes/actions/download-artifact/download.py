"""Downloads an artifact of the run, as actions/download-artifact does. Runs as a step; the standard library alone."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

given = os.environ
folder = Path(given["GITHUB_WORKSPACE"], given["FOLDER"])
address = f"{given['RND_REHEARSAL_ARTIFACTS_URL']}/{quote(given['NAME'], safe='')}"
headers = {"Authorization": f"Bearer {given['RND_REHEARSAL_ARTIFACTS_TOKEN']}"}
try:
    with urlopen(Request(address, headers=headers)) as response:  # noqa: S310 - of the rehearsal
        content, digest = response.read(), response.headers["Digest"]
except HTTPError as error:
    raise SystemExit(f"Unable to download artifact(s): {error.read().decode()}") from error
if hashlib.sha256(content).hexdigest() != digest:
    raise SystemExit(f"Artifact {given['NAME']!r} digest validation failed.")
folder.mkdir(parents=True, exist_ok=True)
with zipfile.ZipFile(io.BytesIO(content)) as archive:
    archive.extractall(folder)
    print(f"Artifact {given['NAME']}: {len(archive.namelist())} files, SHA-256 {digest}")
with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:  # noqa: PTH123
    outputs.write(f"download-path={folder}\n")
