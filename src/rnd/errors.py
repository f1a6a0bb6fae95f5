"""The catalogue of errors: what can go wrong, under a stable code.

Each class is one entry: its docstring is its page in `docs/reference/errors.md`, its `code` what a script or search
finds it by. What happened is said where it happened; what to do about it is said here, unless the place knows better.
Those of versions and releases are in `rnd.publish.errors`, those of machines in `rnd.runners.errors`. Touches nothing.
"""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DIFFERENCE = 3
    INTERRUPTED = 130


class RndError(Exception):
    """Something that a user can understand and act on.

    Args:
        message: One sentence: what happened, and where.
        hint: One sentence: what to do. The class's own when left out.
    """

    code: ClassVar[str]
    hint: str
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    wait: float = 0.0  # seconds that a service asks to be left alone for

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint


class UsageError(RndError):
    """The command line asks for something that does not exist or does not fit together."""

    code = "usage"
    hint = "See `rnd --help`, or `--help` after any command."
    exit_code = ExitCode.USAGE


class AnswerRefused(RndError):
    """An answer breaks a rule of the question; the message names the rule.

    Project names become a GitHub repository, a Python package, a Docker image and an import name, so a name is
    refused when any of the four could not work.
    """

    code = "answer-refused"
    hint = "Answer with a value that keeps the rule; nothing was made."
    exit_code = ExitCode.USAGE


class AnswerMissing(RndError):
    """A question has no answer, and there is no terminal to ask on."""

    code = "answer-missing"
    hint = "Give it with --data, as in `--data project_name=my_project`, or run the command in a terminal."
    exit_code = ExitCode.USAGE


class DestinationRefused(RndError):
    """The folder cannot become a new repository.

    It is a file, holds files already, lies inside another git repository, or cannot be written to. Nothing in it
    was changed.
    """

    code = "destination-refused"
    hint = "Choose another folder."
    exit_code = ExitCode.USAGE


class NotGenerated(RndError):
    """The folder is not a repository that this template made: it has no readable `.copier-answers.yml`."""

    code = "not-generated"
    hint = "Go to the root of a generated repository, or name it: `rnd -C FOLDER …`."
    exit_code = ExitCode.USAGE


class OrganisationInvalid(RndError):
    """`org.yml` is not valid; the message names the key, the line, what is wrong and what would be right."""

    code = "organisation-invalid"
    hint = "Mend org.yml; docs/reference/organisation.md explains every key."


class ToolMissing(RndError):
    """A program that the work needs is not installed, or too old."""

    code = "tool-missing"
    hint = "Install it; `rnd doctor` lists everything that is needed."


class PythonUnavailable(RndError):
    """The chosen Python is not on this machine and uv could not fetch it.

    uv finds interpreters on PATH and those that it installed itself. A Python of pyenv counts once its own `bin`
    folder is on PATH; pyenv's shims alone do not.
    """

    code = "python-unavailable"
    hint = "Install that Python or put it on PATH, or choose another version; `rnd doctor` lists those found."


class IdentityMissing(RndError):
    """Git does not know whose name to write on the first commit."""

    code = "identity-missing"
    hint = 'Tell git: `git config --global user.name "Your Name"` and `git config --global user.email you@example.com`.'


class TemplateUnavailable(RndError):
    """The template could not be fetched or read."""

    code = "template-unavailable"
    hint = "Check the address, the network and your access to the template's repository."


class TemplateUntrusted(RndError):
    """The repository records another template than the one that org.yml names.

    A template can run commands during an update, so the repository alone does not decide which one is used.
    """

    code = "template-untrusted"
    hint = "If you trust that template, name it: `rnd update --template SOURCE`."
    exit_code = ExitCode.USAGE


class PackagesUnavailable(RndError):
    """The package index did not give what the environment needs: no network, or no such package."""

    code = "packages-unavailable"
    hint = "Check the network and the package index, then run the same command again."


class DiskFull(RndError):
    """No space is left on the disk."""

    code = "disk-full"
    hint = "Free some space, then run the same command again."


class ManifestInvalid(RndError):
    """`pyproject.toml` or `uv.lock` cannot be read, has no version of ours, or could not be rewritten safely."""

    code = "manifest-invalid"
    hint = 'Give pyproject.toml a `[project]` table with a name and `version = "X.Y.Z"`, then run `uv lock`.'


class ChecksFailed(RndError):
    """The repository's own checks found something, so nothing is called finished."""

    code = "checks-failed"
    hint = "Mend what they found, then run the same command again."


class StepFailed(RndError):
    """A step of a plan failed, or ran and left the world as it was."""

    code = "step-failed"
    hint = "Run the same command again; what is done already is not repeated."


class CommandFailed(RndError):
    """A program that was called ended with an error; its own last words are shown."""

    code = "command-failed"
    hint = "Mend what it complains of, then run the same command again; what is done is not repeated."


class UncommittedChanges(RndError):
    """The repository has changes that are not committed.

    An update could not be told apart from them, and no commit would say what an image was made from.
    """

    code = "uncommitted-changes"
    hint = "Commit or stash them first."
    exit_code = ExitCode.USAGE


class PushRefused(RndError):
    """The remote did not take a commit.

    The branch went on meanwhile, the token may not write to it, a rule protects it, or the remote cannot be reached.
    """

    code = "push-refused"
    hint = (
        "If the branch went on, the run of its newest commit does the rest. Otherwise check what the token may do, "
        "and run the same command again."
    )


class UpdateConflict(RndError):
    """The template and this repository changed the same lines; the files that hold both are listed."""

    code = "update-conflict"
    hint = (
        "Edit each file between `<<<<<<<` and `>>>>>>>`, run `rnd setup`, then commit. "
        "To give up the update instead: `git reset --hard`."
    )


class UnexpectedError(RndError):
    """Something that this program did not foresee: a fault of the program, not of yours."""

    code = "unexpected"
    hint = "Please report it, with what the same command says under --verbose."


class NotARepository(RndError):
    """The folder is in no git repository, or in one without a work tree, or git refuses to read it."""

    code = "not-a-repository"
    hint = "Go to a git repository, or name it: `rnd -C FOLDER …`."
    exit_code = ExitCode.USAGE


class ExtraMissing(RndError):
    """Rnd is installed without the extra that this command needs: what creates repositories stays small without it."""

    code = "extra-missing"
    hint = (
        "Install rnd with it: `uv tool install 'rnd-template[release] @ git+ADDRESS'`, "
        "where ADDRESS is that of the template's repository."
    )


class AwsRefused(RndError):
    """AWS refused a call, or there are no valid credentials to make it with."""

    code = "aws-refused"
    hint = "Sign in with `aws sso login`, or give the job a role that permits it, then run the same command again."


class AwsUnavailable(RndError):
    """AWS could not be reached or had a fault of its own, time after time."""

    code = "aws-unavailable"
    hint = "Check the network, and run the same command later."


class Interrupted(RndError):
    """The work was interrupted, by Ctrl-C or a signal."""

    code = "interrupted"
    hint = "Run the same command again; it goes on where it stopped."
    exit_code = ExitCode.INTERRUPTED
