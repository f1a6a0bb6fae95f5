"""What a fake GitHub answers: documents, and refusals in the words that GitHub has for them. Touches nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from fake_github.state import Document, Token

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Answer:
    """A response of the API.

    Attributes:
        status: Of HTTP.
        document: The body, to be written as JSON; None for none.
        headers: Beyond those that every response has.
    """

    status: int
    document: object = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """GitHub's way to say no.

    Args:
        status: Of HTTP.
        message: One of GitHub's own.
        errors: Of a validation: what is wrong with which field.
        headers: Beyond those that every response has.
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Return it as a response."""
        document: dict[str, object] = {
            "message": self.message,
            "documentation_url": DOCUMENTATION,
            "status": str(self.status),
        }
        if self.errors is not None:
            document["errors"] = self.errors
        return Answer(self.status, document, self.headers)


class NotFound(Refused):
    """There is no such thing, or the caller may not know that there is."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, "Not Found")


class BadCredentials(Refused):
    """The token is none."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, "Bad credentials")


class Forbidden(Refused):
    """The caller is known, and may not."""

    def __init__(self, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, message, headers=headers)


class Invalid(Refused):
    """A field has a value that cannot be.

    Args:
        resource: What the field belongs to, as `Release`.
        field: Its name.
        code: `already_exists`, `missing_field`, `invalid`, `custom`.
        message: Of that field; GitHub has one with the code `custom`.
        summary: Of the whole.
    """

    def __init__(
        self, resource: str, field: str, code: str, message: str | None = None, summary: str = "Validation Failed"
    ) -> None:
        error: dict[str, object] = {"resource": resource, "code": code, "field": field}
        if message is not None:
            error["message"] = message
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, summary, [error])


def response_to(token: Token | None, answer: Answer) -> Response:
    """Return an answer as a caller gets it, with what GitHub says beside every one."""
    headers: Document = {
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": "2022-11-28",
    }
    if token is not None and token.has_scopes:
        headers["X-OAuth-Scopes"] = ", ".join(sorted(token.scopes))
        headers["X-Accepted-OAuth-Scopes"] = ""
    body = b"" if answer.document is None else json.dumps(answer.document).encode()
    kind = "application/json; charset=utf-8" if body else None
    return Response(body, answer.status, {**headers, **answer.headers}, content_type=kind)
