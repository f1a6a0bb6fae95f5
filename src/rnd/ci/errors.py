"""Errors of workflow steps; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import RndError


class NotGreen(RndError):
    """A job of the pipeline failed, was cancelled, or was skipped without a reason that is known to be a good one."""

    code = "not-green"
    hint = "Open each job that is named, mend what it found, and push; or run the failed jobs again."
