"""Uploads files as an artifact of the run, as actions/upload-artifact does. Runs as a step, on its own."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

given = os.environ
if not 0 <= int(given["DAYS"]) <= 90:
    raise SystemExit("retention-days must be between 1 and 90, or 0 for the default.")


def found() -> list[tuple[Path, str]]:
    """Return the files, each with its name in the archive; hidden ones are left out."""
    pattern = Path(given["GITHUB_WORKSPACE"], given["FILES"].strip())
    parts = [number for number, part in enumerate(pattern.parts) if any(sign in part for sign in "*?[")]
    if parts:
        root = Path(*pattern.parts[: parts[0]])
        matches = list(root.glob(str(Path(*pattern.parts[parts[0] :]))))
    else:
        root, matches = pattern if pattern.is_dir() else pattern.parent, [pattern]
    files = {file for match in matches for file in (match.rglob("*") if match.is_dir() else [match]) if file.is_file()}
    named = [(file, file.relative_to(root)) for file in sorted(files)]
    return [(file, str(name)) for file, name in named if not any(part.startswith(".") for part in name.parts)]


def archive(files: list[tuple[Path, str]]) -> bytes:
    """Return the archive; permissions of files are not kept, as in the original."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for file, name in files:
            made.writestr(name, file.read_bytes())
    return content.getvalue()


def ask(method: str, body: bytes | None = None) -> bytes:
    """Ask the server of artifacts."""
    address = f"{given['RND_REHEARSAL_ARTIFACTS_URL']}/{quote(given['NAME'], safe='')}"
    headers = {"Authorization": f"Bearer {given['RND_REHEARSAL_ARTIFACTS_TOKEN']}"}
    try:
        with urlopen(Request(address, body, headers, method=method)) as response:  # noqa: S310 - of the rehearsal
            content: bytes = response.read()
            return content
    except HTTPError as error:
        reason = error.read().decode()
        raise SystemExit(f"Failed to CreateArtifact: ({error.code}) {error.reason}: {reason}") from error


def main() -> None:
    """Upload the files."""
    files = found()
    if not files:
        said = f"No files were found with the provided path: {given['FILES']}. No artifacts will be uploaded."
        if given["IF_NONE"] == "error":
            raise SystemExit(said)
        print("" if given["IF_NONE"] == "ignore" else f"::warning::{said}")
        return
    if given["OVERWRITE"] == "true":
        ask("DELETE")
    made = json.loads(ask("PUT", archive(files)))
    print(f"Artifact {given['NAME']} has {len(files)} files, ID {made['id']}, SHA-256 {made['digest']}")
    with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:  # noqa: PTH123
        outputs.write(f"artifact-id={made['id']}\nartifact-digest={made['digest']}\n")


main()
