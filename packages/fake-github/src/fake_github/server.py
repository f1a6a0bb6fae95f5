"""The server: starts, stops, listens on the loopback interface, and dispatches each request to its handler."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from fake_github import apps, events, faults, git_http, id_tokens, pages, rest, sign_in
from fake_github.api import ROUTES
from fake_github.hub import API, GRAPHQL_PATHS, Hub
from fake_github.loopback import Silent, listening, tls_context
from fake_github.state import Account, Organisation, Team

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Mapping
    from wsgiref.types import StartResponse

    from fake_github.records import Event

ACTIONS = 15368  # the id of the app GitHub Actions on github.com


class FakeGitHub(Hub):
    """A fake GitHub, as a WSGI application and a server; its attributes are those of `Hub`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [entry.path for entry in ROUTES], events.WEBHOOKS)

    @classmethod
    @contextmanager
    def serve(cls, folder: Path | None = None, *, tls: bool = False) -> Generator[FakeGitHub]:
        """Start a server on a free port of the loopback interface, and stop it at the end.

        Args:
            folder: Where to keep the repositories; by default a temporary folder, removed at the end.
            tls: Whether to serve https; `certificate` is then the authority's certificate, in PEM.
        """
        with ExitStack() as stack:
            temporary = None if folder else stack.enter_context(TemporaryDirectory(prefix="fake-github-"))
            hub = cls(folder or Path(str(temporary)))
            context, hub.certificate = tls_context() if tls else (None, None)
            server = stack.enter_context(
                make_server("127.0.0.1", 0, hub, threaded=True, request_handler=Silent, ssl_context=context)
            )
            hub.scheme, hub.host = "https" if tls else "http", f"127.0.0.1:{server.server_port}"
            stack.enter_context(listening(server))
            yield hub

    def add_user(self, login: str, scopes: Collection[str] = ("repo",), name: str | None = None) -> str:
        """Add a user, or find the one of that name, and return a new token with some scopes."""
        with self.lock:
            account = self.state.account(login)
            if account is None:
                account = Account(self.state.next_id(), login, name=name)
                self.state.accounts[login.lower()] = account
            return self.state.issue(account, "ghp", scopes=frozenset(scopes)).value

    def add_fine_grained(self, login: str, permissions: Mapping[str, str], repository: str | None = None) -> str:
        """Return a new fine-grained token of a user, for one repository or for all."""
        self.add_user(login)
        account = self.state.accounts[login.lower()]
        limits = {"permissions": dict(permissions), "repository": repository, "fine_grained": True}
        with self.lock:
            return self.state.issue(account, "github_pat", **limits).value

    def add_organisation(
        self,
        login: str,
        members: Mapping[str, str] | None = None,
        teams: Mapping[str, Collection[str]] | None = None,
        plan: str = "team",
    ) -> Organisation:
        """Add an organisation.

        Args:
            login: Its name.
            members: Users with the role "admin" or "member".
            teams: Slugs with the users in each.
            plan: "free", "team" or "enterprise".
        """
        with self.lock:
            state = self.state
            one = Organisation(state.next_id(), login, "Organization", plan=plan, members=dict(members or {}))
            one.teams = {slug: Team(state.next_id(), slug, set(people)) for slug, people in (teams or {}).items()}
            state.accounts[login.lower()] = one
            return one

    def add_app(self, slug: str, organisation: str, permissions: Mapping[str, str]) -> tuple[str, str]:
        """Add a GitHub App that an organisation has installed, and return its client id and its private key."""
        with self.lock:
            return apps.add(self, slug, organisation, permissions)

    def app_token(self, repository: str, permissions: Mapping[str, str], app: str = "rehearsal") -> str:
        """Return a token of a GitHub App's installation, for one repository; pushes with it start runs."""
        return self._bot_token("installation", f"{app}[bot]", repository, permissions, "ghs")

    def workflow_token(self, repository: str, permissions: Mapping[str, str]) -> str:
        """Return a run's GITHUB_TOKEN, for its repository; pushes with it start no runs."""
        return self._bot_token("workflow", "github-actions[bot]", repository, permissions, "ghs")

    def id_tokens(self, repository: str, claims: Mapping[str, str]) -> dict[str, str]:
        """Let a job request OpenID Connect tokens, and return the variables that lead it to them.

        Args:
            repository: The full name of the job's repository.
            claims: What the job is, such as `ref` and `event_name`; the other claims follow from the repository.
        """
        found = self.state.repository(repository)
        if found is None:
            raise ValueError(f"There is no repository {repository}.")
        token = id_tokens.register(self, found, claims)
        address = f"{self.url}{id_tokens.REQUESTS}?api-version=2.0"  # clients append `&audience=`
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": address, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token}

    def end_id_tokens(self, variables: Mapping[str, str]) -> None:
        """End a job's access to tokens, given its variables, as GitHub does when the job ends."""
        self.provider.jobs.pop(variables.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""), None)

    def _bot_token(self, kind: str, login: str, repository: str, permissions: Mapping[str, str], prefix: str) -> str:
        with self.lock:
            account = self.state.account(login)
            if account is None:
                number = ACTIONS if kind == "workflow" else self.state.next_id()
                account = Account(number, login, "Bot")
                self.state.accounts[login.lower()] = account
            limits = {"kind": kind, "repository": repository, "permissions": dict(permissions)}
            slug = login.removesuffix("[bot]")
            return self.state.issue(account, prefix, app={"id": account.id, "slug": slug}, **limits).value

    def subscribe(self, callback: Callable[[Event], None]) -> None:
        """Call a function for every event, in the thread of the request, after the response is made."""
        self._subscribers.append(callback)

    def _deliver(self) -> None:
        with self.lock:
            waiting, self._waiting = self._waiting, []
        for event in waiting:
            for callback in self._subscribers:
                callback(event)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        request = Request(environ)
        with self.limits.counting():
            response = self._inject(request, "before")
            if response is None:
                response = self._respond(request)
                response = self._inject(request, "after") or response
        self.calls.append((request.method, request.path, response.status_code))
        if self.transferred is not None:
            self.transferred(request.path, len(request.get_data()), response.calculate_content_length() or 0)
        self._deliver()
        return response(environ, start_response)

    def _inject(self, request: Request, phase: faults.Phase) -> Response | None:
        for fault in list(self.faults):
            outcome = fault(request, phase)
            if isinstance(outcome, faults.Drop):
                return faults.cut(request)
            if outcome is not None:
                return outcome
        return None

    def _is_addressed(self, request: Request) -> bool:
        """Return whether a request names this server, unlike one of a page elsewhere (DNS rebinding)."""
        return request.host in {self.host, self.host.replace("127.0.0.1", "localhost")}

    def _respond(self, request: Request) -> Response:
        if not self._is_addressed(request):
            return Response("This server has another name.\n", HTTPStatus.MISDIRECTED_REQUEST)
        showed = sign_in.credential(request)
        token = self.state.tokens.get(showed or "") or apps.recognise(self, showed or "")
        if request.path.startswith(API):
            return rest.serve(self, request, request.path.removeprefix(API) or "/", (token, showed))
        if git_http.is_gits(request.path):
            return git_http.serve(self, request, token, showed)
        if request.path in GRAPHQL_PATHS:
            from fake_github.graphql import endpoint

            return endpoint.serve(self, request, token, showed)
        with self.lock:
            return id_tokens.serve(self, request) or sign_in.serve(self, request) or pages.serve(self, request)
