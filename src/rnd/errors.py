"""The error catalogue: every error that a command can report, under a stable code.

Each class is one entry: its docstring is the text in `docs/reference/errors.md`, and its `code` is what scripts and
searches match. The code that raises an error passes the message; the hint comes from the class, unless the caller has a
better one. Feature packages define their own errors in their `errors.py`, such as `rnd.publish.errors`.
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
    """Base class of all errors that users can understand and act on.

    Hints say "re-run the command" and never quote it: the command may be copier's, and callers may add the exact one.

    Args:
        message: One sentence: what happened, and where.
        hint: One sentence: what to do. Defaults to the hint of the class.
    """

    code: ClassVar[str]
    hint: str  # pyrefly: ignore[possibly-uninitialized-attribute]  # each subclass has one
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    wait: float = 0.0  # seconds that a service asks clients to wait before the next request

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint


class UsageError(RndError):
    """The command line names something that does not exist, or combines options that exclude each other."""

    code = "usage"
    hint = "See `rnd --help`, or `--help` after any command."
    exit_code = ExitCode.USAGE


class AnswerRefused(RndError):
    """An answer is not valid; the message names the rule that it breaks.

    A project name becomes the name of a GitHub repository, a Python package, a Docker image and a Python module, so it
    must be valid as all four.
    """

    code = "answer-refused"
    hint = "Give a valid answer; nothing was created."
    exit_code = ExitCode.USAGE


class AnswerMissing(RndError):
    """A question has no answer, and there is no terminal to ask it in."""

    code = "answer-missing"
    hint = "Pass the answer with --data, as in `--data project_name=my_project`, or run the command in a terminal."
    exit_code = ExitCode.USAGE


class DestinationRefused(RndError):
    """The folder cannot become a new repository.

    It is a file, is not empty, is inside another git repository, or is not writable. Nothing in it was changed.
    """

    code = "destination-refused"
    hint = "Choose another folder."
    exit_code = ExitCode.USAGE


class NotGenerated(RndError):
    """The folder is not a repository generated from this template: it has no readable `.copier-answers.yml`."""

    code = "not-generated"
    hint = "Change to the root of a generated repository, or pass it: `rnd -C FOLDER …`."
    exit_code = ExitCode.USAGE


class OrganisationInvalid(RndError):
    """`org.yml` is not valid; the message gives the line, the key, the problem and the expected value."""

    code = "organisation-invalid"
    hint = "Fix org.yml; docs/reference/organisation.md explains every key."


class ToolMissing(RndError):
    """A required program is not installed, or too old."""

    code = "tool-missing"
    hint = "Install it; `rnd doctor` lists all required programs."


class PythonUnavailable(RndError):
    """The selected Python version is not on this machine, and uv could not download it.

    uv finds the interpreters on PATH and the ones that it installed. It finds a pyenv Python only if the `bin` folder
    of that version is on PATH; pyenv's shims are not enough.
    """

    code = "python-unavailable"
    hint = "Install that Python or put it on PATH, or choose another version; `rnd doctor` lists the available ones."


class IdentityMissing(RndError):
    """Git has no author name and e-mail address for the first commit."""

    code = "identity-missing"
    hint = 'Set them: `git config --global user.name "Your Name"` and `git config --global user.email you@example.com`.'


class TemplateUnavailable(RndError):
    """The template could not be downloaded or read."""

    code = "template-unavailable"
    hint = "Check the URL, the network and your access to the template's repository."


class TemplateUntrusted(RndError):
    """The repository records another template than the one that org.yml names.

    A template can run commands during an update, so the repository alone does not decide which one is used.
    """

    code = "template-untrusted"
    hint = "If you trust that template, name it: `rnd update --template SOURCE`."
    exit_code = ExitCode.USAGE


class PackagesUnavailable(RndError):
    """Packages of the environment could not be downloaded: there is no network, or the index does not have them."""

    code = "packages-unavailable"
    hint = "Check the network and the package index, then re-run the command."


class DiskFull(RndError):
    """The disk is full."""

    code = "disk-full"
    hint = "Free some space, then re-run the command."


class ManifestInvalid(RndError):
    """`pyproject.toml` or `uv.lock` cannot be read, has no version of the project, or cannot be edited safely."""

    code = "manifest-invalid"
    hint = 'Give pyproject.toml a `[project]` table with a name and `version = "X.Y.Z"`, then run `uv lock`.'


class ChecksFailed(RndError):
    """The repository's own checks failed."""

    code = "checks-failed"
    hint = "Fix the reported problems, then re-run the command."


class StepFailed(RndError):
    """A step of a plan failed, or ran without an error but did not have the expected effect."""

    code = "step-failed"
    hint = "Re-run the command; completed steps are skipped."


class CommandFailed(RndError):
    """Another program failed; the end of its output is shown."""

    code = "command-failed"
    hint = "Fix the reported problem and re-run the command; completed steps are skipped."


class UncommittedChanges(RndError):
    """The repository has uncommitted changes.

    An update would mix with them, and no commit would identify the source of an image.
    """

    code = "uncommitted-changes"
    hint = "Commit or stash them first."
    exit_code = ExitCode.USAGE


class PushRefused(RndError):
    """The remote rejected a push.

    The branch has newer commits, the token has no write access, a rule protects the branch, or the remote cannot be
    reached.
    """

    code = "push-refused"
    hint = (
        "If the branch has newer commits, the run of the newest one completes the work. Otherwise check the "
        "permissions of the token and re-run the command."
    )


class UpdateConflict(RndError):
    """The template and this repository changed the same lines; the message lists the files with conflicts."""

    code = "update-conflict"
    hint = (
        "Edit each file between `<<<<<<<` and `>>>>>>>`, run `rnd setup`, then commit. "
        "To cancel the update instead: `git reset --hard`."
    )


class UnexpectedError(RndError):
    """An unexpected error: a bug in this program."""

    code = "unexpected"
    hint = "Please report it, with the output of the command under --verbose."


class ConfigurationUntrusted(RndError):
    """The git configuration of a repository sets a key that could start a program or redirect a token.

    A clone has no such configuration, a copied folder can. A proxy, the settings of TLS and the programs that reach a
    server are therefore read from your own configuration only.
    """

    code = "configuration-untrusted"
    hint = "Remove the key with `git config --unset`; if you need it, set it with `git config --global`."


class NotARepository(RndError):
    """The folder is not in a git repository with a work tree, or git refuses to read it."""

    code = "not-a-repository"
    hint = "Change to a git repository, or pass it: `rnd -C FOLDER …`."
    exit_code = ExitCode.USAGE


class ExtraMissing(RndError):
    """This command needs an optional dependency group (an extra) that is not installed.

    The default installation contains only what is needed to create repositories.
    """

    code = "extra-missing"
    install = (
        "Install rnd with the extra: `uv tool install 'rnd-template[{extra}] @ git+ADDRESS'`, "
        "where ADDRESS is the URL of the template's repository."
    )
    hint = install.format(extra="EXTRA")

    @classmethod
    def of(cls, extra: str, module: str | None) -> ExtraMissing:
        """Return the error for a missing module that an extra would have installed."""
        message = f"The extra `{extra}` of rnd is not installed: {module} is missing."
        return cls(message, cls.install.format(extra=extra))


class AwsRefused(RndError):
    """AWS refused a call, or there are no valid credentials to make it with."""

    code = "aws-refused"
    hint = "Sign in with `aws sso login`, or give the job a role that permits the call, then re-run the command."


class AwsUnavailable(RndError):
    """AWS could not be reached, or returned server errors, on every attempt."""

    code = "aws-unavailable"
    hint = "Check the network and re-run the command later."


class Interrupted(RndError):
    """The command was interrupted by Ctrl-C or a signal."""

    code = "interrupted"
    hint = "Re-run the command; it continues where it stopped."
    exit_code = ExitCode.INTERRUPTED
