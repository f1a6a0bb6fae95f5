"""Leaves a statement about what was published with the fake GitHub, in the form of an attestation, but not signed."""

from __future__ import annotations

import base64
import json
import os
import re
from typing import Any
from urllib.request import Request, urlopen

given = os.environ
if "ACTIONS_ID_TOKEN_REQUEST_URL" not in given:
    raise SystemExit("Failed to get an ID token: the job lacks the permission `id-token: write`.")
digest = re.fullmatch(r"sha256:([0-9a-f]{64})", given["DIGEST"])
if digest is None or not given["NAME"]:
    raise SystemExit("subject-name and subject-digest must be given, the digest as sha256:….")


def predicate() -> tuple[str, dict[str, Any]]:
    """Return what is stated, after the name of its form."""
    if given["SBOM"]:
        with open(given["SBOM"], encoding="utf-8") as file:  # noqa: PTH123
            return "https://cyclonedx.org/bom", json.load(file)
    source = f"git+{given['GITHUB_SERVER_URL']}/{given['GITHUB_REPOSITORY']}@{given['GITHUB_REF']}"
    resolved = [{"uri": source, "digest": {"gitCommit": given["GITHUB_SHA"]}}]
    return "https://slsa.dev/provenance/v1", {"buildDefinition": {"resolvedDependencies": resolved}}


kind, content = predicate()
statement = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": given["NAME"], "digest": {"sha256": digest[1]}}],
    "predicateType": kind,
    "predicate": content,
}
payload = base64.b64encode(json.dumps(statement).encode()).decode()
bundle = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {},
    "dsseEnvelope": {"payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": []},
}
request = Request(  # noqa: S310 - the fake GitHub of the rehearsal
    f"{given['GITHUB_API_URL']}/repos/{given['GITHUB_REPOSITORY']}/attestations",
    json.dumps({"bundle": bundle}).encode(),
    {"Authorization": f"Bearer {given['TOKEN']}", "Content-Type": "application/json"},
)
with urlopen(request) as response:  # noqa: S310
    number = json.load(response)["id"]
print(f"attested {given['NAME']} ({kind}): {number}")
with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:  # noqa: PTH123
    outputs.write(f"attestation-id={number}\n")
