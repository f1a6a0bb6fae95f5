"""The part of the catalogue of errors that the machines have; see `rnd.errors`. Touches nothing."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class PolicyImpossible(RndError):
    """The machines that were asked for cannot be.

    A class has more machines in business hours than at most, the time zone does not exist, or a number is out of range.
    """

    code = "policy-impossible"
    hint = "Mend the option that the message names; `rnd runners simulate --help` explains each."
    exit_code = ExitCode.USAGE


class LoadImpossible(RndError):
    """The described jobs cannot be, or there are none."""

    code = "load-impossible"
    hint = "Mend the option that the message names; `rnd runners simulate --help` explains each."
    exit_code = ExitCode.USAGE


class JobListInvalid(RndError):
    """The list of jobs is not as GitHub reports them; the message names each bad row, with its line.

    What is read is the answer of GitHub's "List jobs for a workflow run", or several of them one after another.
    """

    code = "job-list-invalid"
    hint = "Mend or remove those rows; docs/how-to/choose-machines.md says how to get a list from GitHub."
    exit_code = ExitCode.USAGE


class StackInvalid(RndError):
    """The machines that `org.yml` describes make no stack that may be deployed; each finding is listed.

    The checks are those of AWS CDK itself, of cdk-nag's AwsSolutions rules and of cfn-lint.
    """

    code = "stack-invalid"
    hint = "Mend what they found, or argue an exception in src/rnd/runners/stack/nag_suppressions.py."
