"""Errors of workflow steps; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import RndError


class NotGreen(RndError):
    """A job of the pipeline failed, was cancelled, or was skipped without a valid reason."""

    code = "not-green"
    hint = "Open each listed job, fix the reported problem and push; or re-run the failed jobs."
