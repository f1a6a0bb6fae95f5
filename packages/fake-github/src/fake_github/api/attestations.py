"""Attestations: statements about what was published, kept beside the repository that it came from."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from fake_github.answers import Answer, Refused
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import Repository

ATTESTATIONS = "/repos/{owner}/{repo}/attestations"


@route(f"POST {ATTESTATIONS}")
def create(call: Call, repository: Repository) -> Answer:
    """Keep a statement; who signed it is not asked here."""
    bundle = call.body["bundle"]
    try:
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        digests = {subject["digest"]["sha256"] for subject in statement["subject"]}
    except (KeyError, ValueError) as error:
        raise Refused(422, "Invalid bundle") from error
    number = call.hub.state.next_id()
    repository.attestations.append({"id": number, "bundle": bundle, "digests": digests, "statement": statement})
    return Answer(201, {"id": number})


@route(f"GET {ATTESTATIONS}/{{subject_digest}}")
def list_for_subject(call: Call, repository: Repository) -> Answer:
    """Return the statements about something, given by its digest."""
    digest = call.parameters["subject_digest"].removeprefix("sha256:")
    found = [
        {"bundle": one["bundle"], "repository_id": repository.id, "bundle_url": f"{call.hub.url}/bundles/{one['id']}"}
        for one in repository.attestations
        if digest in one["digests"]
    ]
    return Answer(200, {"attestations": call.page(found)})
