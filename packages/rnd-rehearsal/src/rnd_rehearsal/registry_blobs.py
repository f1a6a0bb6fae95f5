"""Which repository of a registry has which blob. ministack keeps the blobs of all together; ECR keeps them apart.

A blob of one repository is not a blob of another one until it is uploaded or mounted there:
https://docs.docker.com/reference/api/registry/latest/, and for ECR,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

BLOB = re.compile(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})\Z")
UPLOAD = re.compile(r"/v2/(.+)/blobs/uploads/")
CREATED = 201


@dataclass
class Blobs:
    """The blobs of each repository.

    Attributes:
        known: Repositories, each with the digest of a blob that it has.
    """

    known: set[tuple[str, str]] = field(default_factory=set)

    def hides(self, path: str) -> bool:
        """Return whether a path names a blob that its repository does not have."""
        found = BLOB.match(urlsplit(path).path)
        return found is not None and found.groups() not in self.known

    def without_foreign_mount(self, path: str) -> str:
        """Return a path; without the blob to mount, if the repository to mount it from does not have it."""
        asked = parse_qs(urlsplit(path).query)
        mounted = (asked.get("from", [""])[0], asked.get("mount", [""])[0])
        return path.partition("?")[0] if "mount" in asked and mounted not in self.known else path

    def note(self, path: str, status: int) -> None:
        """Note the end of an upload, or a mount."""
        found, asked = UPLOAD.match(path), parse_qs(urlsplit(path).query)
        for digest in asked.get("digest", []) + asked.get("mount", []):
            if found and status == CREATED:
                self.known.add((found[1], digest))

    def forget(self, repository: str) -> None:
        """Note that a repository was deleted."""
        self.known = {one for one in self.known if one[0] != repository}
