"""A service with the API of OSV on this machine, as strict as the real one."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rnd.fleet.audit.locked import Package

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = Package("requests", "2.31.0")


def record(name: str, package: Package = OLD, fixed: str | None = "2.32.0", **others: object) -> dict[str, Any]:
    """Return a record in the form of OSV's schema."""
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
    """A service with the API of OSV: https://google.github.io/osv.dev/api/.

    As strict as the service: at most 1,000 queries in a request, and pages where an answer is long.

    Attributes:
        known: The records about a version of a package.
        page: How many records are in a page.
        fails: Statuses of the next answers.
        queries: The queries of each request.
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
        if method == "GET":
            name = unquote(path.removeprefix("/v1/vulns/"))
            found = [one for records in self.known.values() for one in records if one["id"] == name]
            return (200, found[0]) if found else (404, {"code": 5, "message": "Bug not found."})
        queries = json.loads(body)["queries"]
        self.queries.append(queries)
        if path != "/v1/querybatch" or len(queries) > 1000:
            return 400, {"code": 3, "message": "Too many queries."}
        return 200, {"results": [self._result(query) for query in queries]}

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        assert query["package"].keys() == {"name", "ecosystem"}
        records = self.known.get(Package(query["package"]["name"], query["version"]), [])
        start = int(query.get("page_token", 0))
        shown = [{"id": one["id"], "modified": one["modified"]} for one in records[start : start + self.page]]
        more = {"next_page_token": str(start + self.page)} if len(records) > start + self.page else {}
        return ({"vulns": shown} if shown else {}) | more


@contextmanager
def serve(osv: Osv) -> Iterator[None]:
    """Serve it on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, document = osv.answer(self.command, self.path, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    osv.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
