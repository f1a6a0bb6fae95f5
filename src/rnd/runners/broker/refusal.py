"""Why the broker refuses: a code for programs and a message for the log of the job. No message contains a secret."""

from __future__ import annotations


class Refused(Exception):
    """The broker refuses a request.

    Attributes:
        code: One of the codes in `CODES`.
        message: What happened and what to do, for the log of the job.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


# Each code, with whether the same request can succeed a little later.
CODES = {
    "invalid-request": False,
    "invalid-token": False,
    "expired-token": False,
    "not-trusted": False,
    "repository-refused": False,
    "event-refused": False,
    "runner-refused": False,
    "no-app": False,
    "github-refused": False,
    "signing-refused": False,
    "misconfigured": False,
    "internal": False,
    "aws-unavailable": True,
    "github-unavailable": True,
}
