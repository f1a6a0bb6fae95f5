"""Which function answers which operation, and what its caller must be allowed. Touches nothing.

An operation has the name that GitHub's description gives it, so that every route can be checked against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from werkzeug.routing import Map, Rule

from fake_github import permissions
from fake_github.answers import DOCUMENTATION, Answer, BadCredentials, Forbidden, NotFound, Refused
from fake_github.state import ROLES, Account, Document, Organisation, Repository, Role, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fake_github.hub import Hub

Thing = TypeVar("Thing")
Handler = Any  # (call), (call, repository) or (call, organisation), each returning an Answer
SLASHES = {"ref", "basehead", "branch", "path", "tag"}  # parameters that hold slashes
REPOSITORY = "/repos/{owner}/{repo}"


@dataclass(frozen=True)
class Route:
    """An operation that a fake GitHub serves.

    Attributes:
        method: Of HTTP.
        path: As the description has it, with names in braces.
        role: What a user needs in the repository.
        scopes: Of which a user's token needs one.
    """

    method: str
    path: str
    handler: Handler
    role: Role | None
    scopes: frozenset[str]

    @property
    def operation(self) -> str:
        """As in `GET /user`."""
        return f"{self.method} {self.path}"


ROUTES: list[Route] = []


def route(operation: str, *, role: Role | None = None, scopes: Sequence[str] = ()) -> Callable[[Handler], Handler]:
    """Declare that a function answers an operation, given as in `GET /user`.

    What tokens without scopes need for it is in `permissions.py`.
    """
    method, _, path = operation.partition(" ")

    def declare(handler: Handler) -> Handler:
        ROUTES.append(Route(method, path, handler, role, frozenset(scopes)))
        return handler

    return declare


def build_map(routes: Sequence[Route]) -> Map:
    """Return what finds a route for a path."""

    def rule(entry: Route) -> Rule:
        path = re.sub(r"{(\w+)}", lambda m: f"<{'path:' if m[1] in SLASHES else ''}{m[1]}>", entry.path)
        return Rule(path, methods=[entry.method], endpoint=entry)

    return Map([rule(entry) for entry in routes], strict_slashes=True, merge_slashes=False)


@dataclass(frozen=True)
class Call:
    """One request to the API.

    Attributes:
        token: What the caller showed; None from a stranger.
        parameters: From the path.
        query: After the `?`.
        body: The JSON body; empty where there was none.
        accept: The media type that was asked for.
    """

    hub: Hub
    route: Route
    token: Token | None
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: Document
    accept: str = ""

    @property
    def caller(self) -> Token:
        """The caller's token.

        Raises:
            Refused: A stranger called.
        """
        if self.token is None:
            raise Refused(401, "Requires authentication")
        return self.token

    @property
    def viewer(self) -> Account | None:
        """Who is asking; None for a stranger."""
        return None if self.token is None else self.token.account

    def numbered(self, parameter: str, those: Mapping[int, Thing]) -> Thing:
        """Return the one of those whose number the path names.

        Raises:
            Refused: There is no such number.
        """
        number = self.parameters[parameter]
        if not number.isdigit() or int(number) not in those:
            raise NotFound
        return those[int(number)]

    def url(self, *parts: object) -> str:
        """Return an address in the API."""
        return "/".join((self.hub.api_url, *map(str, parts)))

    def page(self, items: Sequence[Any]) -> list[Any]:
        """Return the part of a list that was asked for."""
        size = min(int(self.query.get("per_page", 30)), 100)
        start = (int(self.query.get("page", 1)) - 1) * size
        return list(items[start : start + size])

    def listing(self, items: Sequence[Any], key: str | None = None) -> Answer:
        """Answer a page of a list, with links to the others.

        Args:
            items: All of them.
            key: Under which name, beside the total; a bare array when left out.
        """
        number, size = int(self.query.get("page", 1)), min(int(self.query.get("per_page", 30)), 100)
        last = -(-len(items) // size)
        links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number <= 1:
            del links["prev"], links["first"]
        if number >= last:
            del links["next"], links["last"]
        path = self.route.path.format(**self.parameters)
        header = ", ".join(
            f'<{self.hub.api_url}{path}?per_page={size}&page={page}>; rel="{rel}"' for rel, page in links.items()
        )
        shown = self.page(items)
        document = shown if key is None else {"total_count": len(items), key: shown}
        return Answer(200, document, {"Link": header} if header else {})

    def answer(self) -> Answer:
        """Check what the caller may, and let the route's function answer.

        Raises:
            Refused: As GitHub refuses.
        """
        if self.token is not None and self.token.revoked:
            raise BadCredentials
        state = self.hub.state
        found: Answer
        if "{owner}/{repo}" in self.route.path and "org" not in self.parameters:
            full_name = f"{self.parameters['owner']}/{self.parameters['repo']}"
            repository = state.repository(full_name)
            if repository is None and (renamed := state.renamed(full_name)) is not None:
                return self._redirect(allowed(self, renamed))
            found = self.route.handler(self, allowed(self, repository))
            return found
        self._check_scopes()
        if "org" in self.parameters:
            organisation = state.organisation(self.parameters["org"])
            if organisation is None:
                raise NotFound
            check_single_sign_on(self, organisation)
            found = self.route.handler(self, organisation)
        else:
            found = self.route.handler(self)
        return found

    def _redirect(self, repository: Repository) -> Answer:
        """Answer where a repository is that was renamed: by its id, which stays.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        below = self.route.path.format(**self.parameters).split("/", 4)[4:]
        url = self.url("repositories", repository.id, *below) + (f"?{urlencode(self.query)}" if self.query else "")
        status = HTTPStatus.MOVED_PERMANENTLY if self.route.method == "GET" else HTTPStatus.TEMPORARY_REDIRECT
        return Answer(
            status, {"message": status.phrase, "url": url, "documentation_url": DOCUMENTATION}, {"Location": url}
        )

    def _check_scopes(self) -> None:
        token = self.token
        if token is not None and not token.has_scopes:
            permissions.check(token, self.route.operation)
            return
        if self.route.scopes and (token is None or token.kind == "user") and not scoped(token, self.route.scopes):
            raise NotFound if self.route.method == "GET" else Forbidden("Must have admin rights to Repository.")


def scoped(token: Token | None, scopes: frozenset[str]) -> bool:
    """Return whether a user's token has one of some scopes, by itself or through a wider one.

    A fine-grained token has none; its permissions are checked in their place.
    """
    wider = {"public_repo": "repo", "read:org": "write:org", "write:org": "admin:org", "read:user": "user"}
    accepted = set(scopes)
    for _ in wider:
        accepted |= {wider[scope] for scope in accepted if scope in wider}
    return token is not None and (token.fine_grained or bool(token.scopes & accepted))


def check_single_sign_on(call: Call, organisation: Organisation) -> None:
    """Refuse a token that was not authorized for an organisation's single sign-on."""
    token = call.token
    tokens = organisation.single_sign_on
    if tokens is None or token is None or token.kind != "user" or token.value in tokens:
        return
    where = f"{call.hub.url}/orgs/{organisation.login}/sso?authorization_request=1"
    message = "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this "
    raise Forbidden(f"{message}organization.", {"X-GitHub-SSO": f"required; url={where}"})


def allowed(call: Call, repository: Repository | None) -> Repository:
    """Return a repository if the caller may do in it what the route is for.

    Raises:
        Refused: 404 to who may not even know of it, else 403.
    """
    if repository is None:
        raise NotFound
    organisation = call.hub.state.organisation(repository.owner.login)
    if organisation is not None:
        check_single_sign_on(call, organisation)
    reading = call.route.method == "GET"
    if reading and repository.hidden_reads > 0:
        repository.hidden_reads -= 1
        raise NotFound
    token = call.token
    if token is not None and not token.has_scopes:
        there = token.repository is None or token.repository.lower() == repository.full_name.lower()
        if not there and repository.private:
            raise NotFound
        permissions.check(token, call.route.operation, public=not repository.private)
    if token is None or token.kind == "user":
        _check_user(call, repository)
    _refuse_read_only(call, repository)
    return repository


def _check_user(call: Call, repository: Repository) -> None:
    """Refuse a user whose role or scopes do not reach far enough, and a stranger."""
    token, reading = call.token, call.route.method == "GET"
    role = None if token is None else call.hub.state.role(token.account, repository)
    if repository.private and (role is None or not scoped(token, frozenset({"repo"}))):
        raise NotFound
    if not reading and not scoped(token, frozenset({"public_repo"})):
        raise NotFound if token is not None else Refused(401, "Requires authentication")
    needed = call.route.role or ("pull" if reading else "push")
    if ROLES.index(role or "pull") < ROLES.index(needed):
        raise Forbidden("Must have admin rights to Repository.")


def _refuse_read_only(call: Call, repository: Repository) -> None:
    """Refuse to change a repository that is archived or locked; it can be unarchived and deleted.

    https://docs.github.com/en/repositories/archiving-a-github-repository/archiving-repositories
    """
    method, path = call.route.method, call.route.path
    if method == "GET" or (method == "DELETE" and path == REPOSITORY):
        return
    if repository.lock_reason is not None:
        raise Forbidden("Repository has been locked for migration.")
    if repository.settings["archived"] and not (path == REPOSITORY and call.body.get("archived") is False):
        raise Forbidden("Repository was archived so is read-only.")
