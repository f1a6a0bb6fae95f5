"""A service with the API of OSV on this machine, as strict as the real one, or stricter.

The API is https://google.github.io/osv.dev/api/; records have the form of https://ossf.github.io/osv-schema/. Like the
real service, it takes 1,000 queries in a request at most, sends long answers in pages, and refuses fields that its
definition does not have, which is https://github.com/google/osv.dev/blob/master/osv/osv_service_v1.proto.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fake_github.loopback import Handler, listening
from rnd.fleet.audit.locked import Package

if TYPE_CHECKING:
    from collections.abc import Generator

MOST = 1000  # queries in a request
BATCH, RECORD = "/v1/querybatch", "/v1/vulns/"
INVALID, NOT_FOUND = 3, 5  # codes of gRPC
QUERY = {"package", "version", "page_token"}


def record(name: str, package: Package, fixed: str | None, **others: object) -> dict[str, Any]:
    """Return a record about all versions of a package before the one that fixes it."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    return {
        "id": name,
        "modified": "2026-01-01T00:00:00Z",
        "summary": f"What {name} is.",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package.name},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        "database_specific": {"severity": "HIGH"},
    } | others


@dataclass
class Osv:
    """The service.

    Attributes:
        known: The records about a version of a package.
        page: How many records are in a page.
        fails: Statuses of the next answers.
        queries: The queries of each request.
        address: Where it listens, with a / at the end; empty while it does not.
    """

    known: dict[Package, list[dict[str, Any]]] = field(default_factory=dict)
    page: int = 100
    fails: list[int] = field(default_factory=list)
    queries: list[list[dict[str, Any]]] = field(default_factory=list)
    address: str = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Return the status and the document of an answer."""
        if self.fails:
            return self.fails.pop(0), {"code": 2, "message": "no"}
        if method == "GET" and path.startswith(RECORD):
            name = unquote(path.removeprefix(RECORD))
            found = [one for records in self.known.values() for one in records if one["id"] == name]
            return (200, found[0]) if found else (404, {"code": NOT_FOUND, "message": "Bug not found."})
        if (method, path) != ("POST", BATCH):
            return 404, {"code": NOT_FOUND, "message": "Not Found"}
        try:
            queries = _queries(body)
        except ValueError as error:
            return 400, {"code": INVALID, "message": str(error)}
        self.queries.append(queries)
        return 200, {"results": [self._result(query) for query in queries]}

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        records = self.known.get(Package(query["package"]["name"], query["version"]), [])
        start = int(query.get("page_token", 0))
        shown = [{"id": one["id"], "modified": one["modified"]} for one in records[start : start + self.page]]
        more = {"next_page_token": str(start + self.page)} if len(records) > start + self.page else {}
        return ({"vulns": shown} if shown else {}) | more


def _queries(body: bytes) -> list[dict[str, Any]]:
    """Return the queries of a request.

    Raises:
        ValueError: They are not as the API has them.
    """
    document = json.loads(body)
    if not isinstance(document, dict) or document.keys() != {"queries"} or not isinstance(document["queries"], list):
        raise ValueError("The request is not an object with queries.")
    queries: list[dict[str, Any]] = document["queries"]
    if len(queries) > MOST:
        raise ValueError("Too many queries.")
    for query in queries:
        if unknown := query.keys() - QUERY:
            raise ValueError(f"unknown field {min(unknown)}")
        package = query.get("package", {})
        if package.keys() != {"name", "ecosystem"} or not all(package.values()) or not query.get("version"):
            raise ValueError("A query needs a package with a name and an ecosystem, and a version.")
        if package["ecosystem"] != "PyPI":
            raise ValueError("Invalid ecosystem.")
    return queries


class _Front(Handler):
    osv: Osv

    def do_GET(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, document = self.osv.answer(self.command, self.path, body)
        self.say(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    do_POST = do_GET


@contextmanager
def serve(osv: Osv) -> Generator[None]:
    """Serve it on a free port of this machine, until the context ends."""
    handler = type("Handler", (_Front,), {"osv": osv})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, listening(server):
        osv.address = f"http://127.0.0.1:{server.server_port}/"
        yield
