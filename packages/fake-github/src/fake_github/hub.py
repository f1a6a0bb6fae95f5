"""What every part of a fake GitHub reaches: state, addresses, what is recorded. Touches its folder and the cache.

The parts name this class and not the server, which is built on them.
"""

from __future__ import annotations

import secrets
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING

from fake_github import description, git_repository
from fake_github.limits import Limits
from fake_github.records import Provider
from fake_github.state import State
from fake_github.validation import Contract

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from fake_github.faults import AnswerFault, Fault
    from fake_github.records import App, Device, Event, Query

API = "/api/v3"
# On GitHub Enterprise Server and on github.com.
GRAPHQL_PATHS = ("/api/graphql", "/graphql")


class Hub:
    """A fake GitHub, apart from its server.

    Args:
        folder: The folder of its repositories.
        paths: Of the operations that it serves, as GitHub's description writes them.
        webhooks: That it validates, by their names there.

    Attributes:
        folder: The folder of its repositories.
        calls: Method, path and status of each request, in order.
        queries: The GraphQL queries that ran, each with what it cost, in order.
        graphql_indexes: What earlier queries collected by id, for each type; see `graphql/context.py`.
        violations: The requests, responses, queries and webhooks that break GitHub's description or schema.
        unvalidated: Why nothing is validated; None if everything is.
        faults: Injected faults; see `faults.py`.
        graphql_faults: Functions that change the answer to a query; see `null_at`.
        limits: The rate limits and what was counted; see `limits.py`. A test may replace them.
        events: All events, in order.
        read_delay: How many reads of a new repository answer 404, as they do on GitHub for some seconds.
        client_ids: The OAuth apps that may ask for the device flow.
        provider: Issues the OpenID Connect tokens of jobs.
        password: The password of every user on the page of the device flow; other users of the machine lack it.
        device_interval: Seconds that such a device must wait between two polls.
        transferred: Called after each request with its path, and the bytes of its body and of its answer's.
    """

    def __init__(self, folder: Path, paths: Collection[str], webhooks: Collection[str]) -> None:
        self.folder = folder
        self._described = paths, webhooks
        self.state = State()
        self.calls: list[tuple[str, str, int]] = []
        self.queries: list[Query] = []
        self.graphql_indexes: dict[str, dict[int, object]] = {}
        self.violations: list[str] = []
        self.limits = Limits()
        self.faults: list[Fault] = []
        self.graphql_faults: list[AnswerFault] = []
        self.events: list[Event] = []
        self.read_delay = 0
        self.client_ids = {"Iv1.rehearsal"}
        self.device_interval = 5
        self.password = secrets.token_urlsafe(16)
        self.apps: dict[str, App] = {}
        self.provider = Provider()
        self.devices: dict[str, Device] = {}
        self.transferred: Callable[[str, int, int], None] | None = None
        self.lock = RLock()
        self.certificate: bytes | None = None
        self.host = ""
        self.scheme = "http"
        self._subscribers: list[Callable[[Event], None]] = []
        self._waiting: list[Event] = []
        self._contracts: dict[str, Contract | None] = {}
        self.contract = self._contract(description.EDITIONS[0])
        self.unvalidated = (
            None if self.contract else "npm is not on this machine: nothing is validated against GitHub's description."
        )
        git_repository.write_hooks(self.hooks)

    @property
    def hooks(self) -> Path:
        """The folder of the hooks that every repository has."""
        return self.folder / ".hooks"

    @property
    def url(self) -> str:
        """The address, as GITHUB_SERVER_URL has it."""
        return f"{self.scheme}://{self.host}"

    @property
    def api_url(self) -> str:
        """The address of the API, as GITHUB_API_URL has it."""
        return self.url + API

    @property
    def graphql_url(self) -> str:
        """The address of the GraphQL API, as GITHUB_GRAPHQL_URL has it."""
        return self.url + GRAPHQL_PATHS[0]

    def emit(self, event: Event) -> None:
        """Keep an event until the request is over."""
        self.events.append(event)
        self._waiting.append(event)

    def _contract(self, edition: str) -> Contract | None:
        """Return an edition of GitHub's description, read where it is asked for first."""
        if edition not in self._contracts:
            found = description.find(*self._described, edition)
            self._contracts[edition] = None if found is None else _contract_in(found)
        return self._contracts[edition]

    def contract_for(self, parameters: Mapping[str, str]) -> Contract | None:
        """Return the description that holds where an organisation, or an owner, is."""
        owner = self.state.organisation(parameters.get("org") or parameters.get("owner") or "")
        return self._contract(description.EDITIONS[owner is not None and owner.in_enterprise])


@cache
def _contract_in(file: Path) -> Contract:
    """Return the checks against a description, made once in a process for all hubs: making them takes 0.1 seconds."""
    return Contract(description.read(file))
