"""Errors of workflow steps; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import RndError


class NotGreen(RndError):
    """A job of the pipeline failed, was cancelled, or was skipped without a valid reason."""

    code = "not-green"
    hint = "Open each listed job, fix the reported problem and push; or re-run the failed jobs."


class IdentityRefused(RndError):
    """A job asked for an identity and was refused: it has none, or its run cannot have this one.

    Which run can have which identity: docs/how-to/set-up-the-pipeline.md.
    """

    code = "identity-refused"
    hint = "Check the job's permissions, event, ref and environment against docs/how-to/set-up-the-pipeline.md."


class IdentityUnavailable(RndError):
    """GitHub or the broker did not give a job its identity on any attempt."""

    code = "identity-unavailable"
    hint = "Re-run the job later; the log of the broker has more."
