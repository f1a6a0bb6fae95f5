"""Errors of package indexes and image registries; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import RndError


class IndexRefused(RndError):
    """The package index refused a request: credentials missing, expired or without the permission, or another rule."""

    code = "index-refused"
    hint = "Check the address, the credentials and what they permit, then run the same command again."


class IndexUnavailable(RndError):
    """The package index could not be reached, closed the connection or returned server errors, on every attempt."""

    code = "index-unavailable"
    hint = "Run the same command later; completed uploads are skipped."
