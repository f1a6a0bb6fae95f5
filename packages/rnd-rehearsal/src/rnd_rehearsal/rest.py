"""Asks the fake GitHub's API, as a person or an app would. Touches the fake GitHub."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rnd.errors import CommandFailed

TIMEOUT = 300  # seconds


@dataclass(frozen=True)
class Caller:
    """A client of the API.

    Attributes:
        url: Where the API is.
        token: What is shown.
    """

    url: str
    token: str = field(repr=False)

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Ask, and return what is answered; None where that is nothing.

        Raises:
            Refusal: The fake GitHub says no.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(self.url + path, content, headers, method=method)  # noqa: S310 - the fake GitHub
        try:
            with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
                return json.loads(response.read() or b"null")
        except HTTPError as error:
            with error:
                raise Refusal(error.code, f"{method} {path}: {error.code} {error.read().decode()}") from error


class Refusal(CommandFailed):
    """The fake GitHub refused a call.

    Args:
        status: Of HTTP.
        message: What was asked and answered.
    """

    code = "rehearsal-refused"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
