"""Ask which versions of packages have known vulnerabilities: a service with the API of OSV.

See https://google.github.io/osv.dev/post-v1-querybatch/ and https://google.github.io/osv.dev/get-v1-vulns/. A record
has the form of https://ossf.github.io/osv-schema/.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import BaseModel, Field, ValidationError

from rnd.fleet.errors import AdvisoriesRefused, AdvisoriesUnavailable
from rnd.http_client import HttpFailure, send
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rnd.fleet.audit.locked import Package

ECOSYSTEM = "PyPI"
BATCH = 1000  # queries in one request, the maximum of the service
PAGES = 100  # of the answer to one query
AT_ONCE = 8  # records read at the same time


class Named(BaseModel):
    """The package that a record is about."""

    ecosystem: str
    name: str


class Range(BaseModel):
    """Versions that are affected: events in order, such as `{"fixed": "2.0"}`."""

    type: str
    events: list[dict[str, str]] = []


class Affected(BaseModel):
    """A package that is affected."""

    package: Named | None = None
    ranges: list[Range] = []


class Record(BaseModel):
    """A record of a vulnerability, as far as it is used here."""

    id: str
    aliases: list[str] = []
    summary: str = ""
    withdrawn: str | None = None
    affected: list[Affected] = []
    database_specific: dict[str, Any] = Field(default={})


class Advisories:
    """The service.

    Attributes:
        address: Its address, with a / at the end.
        requests: How many requests were sent.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.requests = 0

    def affecting(self, packages: Collection[Package]) -> dict[Package, set[str]]:
        """Return the IDs of the records about each package that has any.

        Raises:
            AdvisoriesUnavailable: The service did not answer.
            AdvisoriesRefused: It refused, or its answer is not of the documented form.
        """
        found: dict[Package, set[str]] = {}
        waiting: list[tuple[Package, str | None]] = [(package, None) for package in sorted(packages)]
        rounds = 0
        while waiting:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            for (package, _), result in zip(batch, self._query(batch), strict=True):
                ids = {str(one["id"]) for one in result.get("vulns") or ()}
                if ids:
                    found.setdefault(package, set()).update(ids)
                if result.get("next_page_token"):
                    waiting.append((package, str(result["next_page_token"])))
            rounds += 1
            if rounds > PAGES + len(packages) // BATCH:
                raise AdvisoriesRefused(f"{self.address} sends more than {PAGES} pages.")
        return found

    def _query(self, batch: Sequence[tuple[Package, str | None]]) -> list[dict[str, Any]]:
        queries = [
            {"package": {"name": package.name, "ecosystem": ECOSYSTEM}, "version": package.version}
            | ({"page_token": token} if token else {})
            for package, token in batch
        ]
        answer = self._call("POST", "v1/querybatch", json.dumps({"queries": queries}).encode())
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(batch) or not all(isinstance(x, dict) for x in results):
            raise AdvisoriesRefused(f"{self.address} did not answer each of {len(batch)} queries.")
        return results

    def records(self, ids: Collection[str]) -> dict[str, Record]:
        """Return the records of some IDs.

        Raises:
            AdvisoriesUnavailable: The service did not answer.
            AdvisoriesRefused: It refused, or a record is not of the documented form.
        """
        wanted = sorted(ids)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(wanted, pool.map(self._record, wanted), strict=True))

    def _record(self, name: str) -> Record:
        answer = self._call("GET", f"v1/vulns/{quote(name, safe='')}")
        try:
            return Record.model_validate(answer)
        except ValidationError as error:
            raise AdvisoriesRefused(f"{self.address} sent a record {name} that is not readable.") from error

    def _call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})

        def attempt() -> dict[str, Any]:
            self.requests += 1
            try:
                answer = json.loads(send(method, f"{self.address}{path}", headers, body).body)
            except HttpFailure as failure:
                message = f"{self.address}{path}: {failure.reason}."
                raise failure.convert(message, AdvisoriesRefused, AdvisoriesUnavailable) from failure
            except ValueError as error:
                raise AdvisoriesUnavailable(f"{self.address}{path} did not answer with JSON.") from error
            if not isinstance(answer, dict):
                raise AdvisoriesRefused(f"{self.address}{path} answered with something else than an object.")
            return answer

        return retry(attempt, AdvisoriesUnavailable)
