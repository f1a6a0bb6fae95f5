"""Errors of the runners; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class PolicyImpossible(RndError):
    """The options describe an impossible pool of machines.

    A class has more machines in business hours than its maximum, the time zone does not exist, or a number is out of
    range.
    """

    code = "policy-impossible"
    hint = "Correct the option named in the message; see `rnd runners simulate --help`."
    exit_code = ExitCode.USAGE


class LoadImpossible(RndError):
    """The options describe an impossible load, or one without jobs."""

    code = "load-impossible"
    hint = "Correct the option named in the message; see `rnd runners simulate --help`."
    exit_code = ExitCode.USAGE


class JobListInvalid(RndError):
    """The list of jobs does not have GitHub's format; the message names each invalid row with its line.

    The format is that of GitHub's "List jobs for a workflow run"; a file can hold several responses.
    """

    code = "job-list-invalid"
    hint = "Fix or remove those rows; docs/how-to/choose-machines.md explains how to export a list from GitHub."
    exit_code = ExitCode.USAGE


class StackInvalid(RndError):
    """The stacks that `org.yml` describes fail a check; the message lists each finding.

    The checks are those of AWS CDK, the AwsSolutions rules of cdk-nag, and cfn-lint.
    """

    code = "stack-invalid"
    hint = "Fix the findings, or add a suppression with a reason in src/rnd/runners/stack/nag_suppressions.py."
