"""GitHub's REST API: the only caller of githubkit.

Addresses are those of GITHUB_API_URL and GITHUB_SERVER_URL, as in a workflow; without them, GitHub's own. The token
is sent only in the request header. Transient errors are retried and reported. Before a creation is retried, the client
looks for the resource, since a request may have succeeded although its response was lost.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rnd.errors import ExtraMissing, UsageError
from rnd.github.errors import (
    AlreadyThere,
    AppNotApproved,
    GitHubRefused,
    GitHubUnavailable,
    NotThere,
    PlanLacks,
    RateLimited,
    SignInNeeded,
    SignOnNeeded,
)
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from ssl import SSLContext
    from typing import TypeVar

    from githubkit import GitHub, Response, TokenAuthStrategy
    from githubkit.auth import UnauthAuthStrategy
    from githubkit.exception import RequestFailed

    from rnd.errors import RndError

    Json = TypeVar("Json")
    Item = TypeVar("Item")
    Hooks = dict[str, list[Callable[[Any], Any]]]
    Kit = GitHub[TokenAuthStrategy] | GitHub[UnauthAuthStrategy]

TIMEOUT = 30.0  # seconds without a byte
PAGE = 100  # entries; GitHub's maximum
UNKNOWN_WAIT = 60.0  # seconds; as GitHub's documentation recommends if a response does not specify it
LONGEST = 300  # characters of a response that are quoted


@dataclass(frozen=True)
class Addresses:
    """The addresses of a GitHub server.

    Attributes:
        api: The address of the REST API, such as `https://api.github.com`.
        server: The address of the web pages and git repositories, such as `https://github.com`.
    """

    api: str
    server: str

    @property
    def host(self) -> str:
        """The server's host name, with a port if there is one."""
        return self.server.partition("://")[2].rstrip("/")


def find_addresses(environ: Mapping[str, str]) -> Addresses:
    """Return the addresses in GITHUB_API_URL and GITHUB_SERVER_URL, or those of github.com.

    Raises:
        UsageError: One of them is not an http or https address, or contains credentials.
    """
    api = environ.get("GITHUB_API_URL") or "https://api.github.com"
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    for name, address in (("GITHUB_API_URL", api), ("GITHUB_SERVER_URL", server)):
        if not address.startswith(("http://", "https://")) or "@" in address:
            raise UsageError(f"{name} is not an http or https address, or contains credentials.")
    return Addresses(api.rstrip("/"), server.rstrip("/"))


class Client:
    """A client for GitHub's REST API.

    Args:
        addresses: The addresses of GitHub.
        token: The token; None before the sign-in.
        renewal: How to get another token, as a sentence for error messages.
        hooks: Functions that httpx calls with each request and response: `{"request": […], "response": […]}`.
    """

    def __init__(
        self, addresses: Addresses, token: str | None, renewal: str = SignInNeeded.hint, hooks: Hooks | None = None
    ) -> None:
        self.addresses = addresses
        self.renewal = renewal
        # Whether a repository was created so recently that a 404 may be transient.
        self.eventually_consistent = False
        self.kit = _kit(addresses.api, token, hooks)
        self.token = token or ""
        self.kit.__enter__()  # one connection for all requests, closed by `close`

    def __enter__(self) -> Client:
        """Return the client, which is closed on exit."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.kit.__exit__()

    def read(self, request: Callable[[Kit], Response[Any, Json]]) -> Json:
        """Send an idempotent request and return the JSON document of the response.

        Raises:
            GitHubRefused: GitHub refused the request; `NotThere` for a resource that does not exist.
            SignInNeeded: The token is not valid.
            GitHubUnavailable: GitHub could not be reached, or its rate limit was reached, on every attempt.
        """
        return self.answer(request).json()

    def get_or_none(self, request: Callable[[Kit], Response[Any, Json]]) -> Json | None:
        """Send a request as `read` does, and return None if the resource does not exist."""
        try:
            return retry(lambda: self.request(request), GitHubUnavailable).json()
        except NotThere:
            return None

    def send(self, request: Callable[[Kit], Response[Any, Any]]) -> None:
        """Send an idempotent request and discard the response."""
        self.answer(request)

    def answer(self, request: Callable[[Kit], Response[Any, Json]]) -> Response[Any, Json]:
        """Send a request as `read` does, and return the whole response."""

        def attempt() -> Response[Any, Json]:
            try:
                return self.request(request)
            except NotThere as error:
                if not self.eventually_consistent:
                    raise
                raise GitHubUnavailable(f"GitHub may not show it yet: {error.message}") from error

        return retry(attempt, GitHubUnavailable)

    def request(self, request: Callable[[Kit], Response[Any, Json]]) -> Response[Any, Json]:
        """Send a request without retries; the errors are those of `read`."""
        with self._errors():
            return request(self.kit)

    def paginate(self, request: Callable[[Kit, int], Response[Any, list[Item]]]) -> Iterator[Item]:
        """Yield the entries of all pages of a list.

        Args:
            request: Requests the page with the given number, starting at 1, of `PAGE` entries.
        """
        page = 0
        while True:
            page += 1
            answer = self.answer(lambda kit, page=page: request(kit, page))
            yield from answer.json()
            if 'rel="next"' not in answer.headers.get("Link", ""):
                return

    def create_once(self, look: Callable[[], Item | None], make: Callable[[Kit], Response[Any, Any]]) -> Item:
        """Create a resource exactly once, and return it. The caller has checked that it does not exist.

        Args:
            look: Return the resource, or None.
            make: The request that creates it. It is retried only if the resource does not exist afterwards.

        Raises:
            RndError: As `read`.
        """
        sent = made = False

        def attempt() -> Item:
            nonlocal sent, made
            there = look() if sent else None
            if there is None and not made:
                sent = True
                self.request(make)
                made = True
                there = look()
            if there is None:
                raise GitHubUnavailable("GitHub took what was to be made, and does not show it yet.")
            return there

        return retry(attempt, GitHubUnavailable)

    def hide(self, text: str) -> str:
        """Remove the token from text of other programs."""
        return text.replace(self.token, "[hidden]") if self.token else text

    @contextmanager
    def _errors(self) -> Generator[None]:
        """Convert githubkit's exceptions to errors of `rnd`."""
        from githubkit.exception import GitHubException, RateLimitExceeded, RequestFailed

        try:
            yield
        except RateLimitExceeded as error:
            raise RateLimited(self._said(error), error.retry_after.total_seconds()) from error
        except RequestFailed as error:
            raise self._refusal(error) from error
        except GitHubException as error:
            raise GitHubUnavailable(f"GitHub could not be reached: {self.hide(str(error)).rstrip('.')}.") from error

    def _said(self, error: RequestFailed) -> str:
        """Return the request and GitHub's answer in one line."""
        try:
            document = error.response.json()
            said = str(document["message"])
            details = document.get("errors") or ()
            for detail in details if isinstance(details, list) else ():
                said += f"; {detail.get('message') or ' '.join(map(str, detail.values()))}" if detail else ""
        except (ValueError, TypeError, KeyError, AttributeError):
            said = error.response.reason_phrase
        asked = f"{error.request.method} {error.request.url.path}"
        return self.hide(f"{asked}: {error.response.status_code} {' '.join(said.split())[:LONGEST].rstrip('.')}")

    def _refusal(self, error: RequestFailed) -> RndError:
        status = error.response.status_code
        said = self._said(error)
        if status == 401:
            return SignInNeeded(f"GitHub does not know the token: {said}.", self.renewal)
        if status == 404:
            return NotThere(f"GitHub has no such thing: {said}.", status=status)
        if status == 429:
            return RateLimited(said, UNKNOWN_WAIT)
        if status >= 500 or status == 408:
            return GitHubUnavailable(f"GitHub has a fault of its own: {said}.", status=status)
        if status == 422 and "already" in said.lower():  # already_exists, or "already exists" in words
            return AlreadyThere(f"GitHub has it already: {said}.")
        if status == 403:
            return self._forbidden(error, said)
        return GitHubRefused(f"GitHub says no: {said}.", status=status)

    def _forbidden(self, error: RequestFailed, said: str) -> RndError:
        status = error.response.status_code
        if "secondary rate" in said:
            return RateLimited(said, UNKNOWN_WAIT)
        if "OAuth App access restrictions" in said:
            return AppNotApproved(f"The organisation has not approved the app: {said}.", status=status)
        if "Upgrade to" in said:
            return PlanLacks(f"The plan on GitHub does not have that: {said}.", status=status)
        address = error.response.headers.get("X-GitHub-SSO", "").partition("url=")[2]
        if address:
            return SignOnNeeded(f"The token is not authorised for the organisation: {address}", status=status)
        return GitHubRefused(f"GitHub says no: {said}.", status=status)


def _kit(api: str, token: str | None, hooks: Hooks | None) -> Kit:
    try:
        from githubkit import GitHub
    except ImportError as error:
        raise ExtraMissing.of("github", error.name) from error
    # `retry` retries and reports it, so githubkit must not; responses must come from GitHub, not from a cache.
    return GitHub(
        token,
        base_url=api,
        user_agent="rnd",
        timeout=TIMEOUT,
        event_hooks=hooks,
        auto_retry=False,
        http_cache=False,
        rest_api_validate_body=False,
        ssl_verify=_tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
    )


@cache
def _tls(_file: str | None, _folder: str | None) -> SSLContext:
    """Return what verifies certificates, by the variables that name them.

    All clients share it: reading the certificates takes 30 ms, more than a request.
    """
    from httpx import create_ssl_context

    return create_ssl_context()
