"""Errors of the fleet; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class FleetStopped(RndError):
    """Too many repositories failed, so the remaining ones were left alone.

    `fleet.stop` in org.yml sets how many: that many equal failures in a row, or that share of all repositories.
    """

    code = "fleet-stopped"
    hint = "Fix the reported problem, then run the same command again; completed changes are not repeated."


class ChangedSince(RndError):
    """A repository is no longer as the plan found it, so it was left out."""

    code = "fleet-changed-since"
    hint = "Look at who changed it, then make a new plan: `rnd fleet plan`."


class PlanInvalid(RndError):
    """The file is not a plan of `rnd fleet plan`, or it was made for another organisation or with another org.yml."""

    code = "fleet-plan-invalid"
    hint = "Make a new plan: `rnd fleet plan --out PLAN.json`."
    exit_code = ExitCode.USAGE


class LedgerUnwritten(RndError):
    """The branches at which repositories call the shared actions could not be read or changed."""

    code = "fleet-ledger-unwritten"
    hint = "Check that the token can write to the template's repository, then run the same command again."


class NotBaked(RndError):
    """A release cannot go to the next ring: the ring before has not had it long enough, or is not green with it."""

    code = "fleet-not-baked"
    hint = "Wait, or fix the named repositories. `--ring NAME` shortens the hours of a healthy ring."


class AdvisoriesUnavailable(RndError):
    """The service with known vulnerabilities did not answer."""

    code = "advisories-unavailable"
    hint = "Try again later; `fleet.audit.service` in org.yml is its address."


class AdvisoriesRefused(RndError):
    """The service with known vulnerabilities refused a request, or its answer has not the form of OSV's API."""

    code = "advisories-refused"
    hint = "Check `fleet.audit.service` in org.yml: it must be the address of a service with the API of OSV."


class ClockWrong(RndError):
    """This machine and GitHub do not agree on the time, on which the hours of rings and the end of holds depend."""

    code = "fleet-clock-wrong"
    hint = "Set the clock of this machine, then run the same command again."


class RenderFailed(RndError):
    """The new release of the template could not be brought into a repository; the others were not affected."""

    code = "render-failed"
    hint = "Run `rnd update` in a clone of the repository to see the problem."
