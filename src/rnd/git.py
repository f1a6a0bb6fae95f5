"""The only caller of git.

The configuration of a repository can name programs that git starts: https://git-scm.com/docs/git-config. Commands that
only read start none of them. Those that write run the hooks and filters of the folder, as git does by design.
"""

from __future__ import annotations

import os

from rnd import process

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from rnd.process import Completed

# Git runs this helper and reads the credentials that it prints; the token is in the environment of that process only.
CREDENTIAL_HELPER = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$RND_PUSH_TOKEN"; }; f'
# Messages in English. Git would flush a pipe after each commit that it lists, which takes as long as reading it. Git
# neither writes the index, which would run a hook, nor fetches missing objects with a program of the configuration.
READING = {"LC_ALL": "C", "GIT_FLUSH": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": "none"}
# These override the configuration of the folder.
INERT = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false")
# Keys of a folder's configuration that decide where a token goes, and whether the server is verified.
DETOURS = r"http\..*(proxy|ssl|resolve|schannel)|remote\..*\.(proxy|vcs)$"
# Keys of a folder's configuration that name a program which git starts to reach a server.
PROGRAMS = (
    r"core\.(sshcommand|gitproxy|askpass|alternaterefscommand)$|ssh\.|protocol\.|credential\..*helper$|credential\.helper$"
    r"|remote\..*\.(uploadpack|receivepack|vcs)$"
)
# With a token, git speaks HTTP only, and starts no program that could read the token from its environment.
SIGNED_IN = (
    *INERT,
    *("-c", f"core.hooksPath={os.devnull}", "-c", "core.askPass=", "-c", "core.alternateRefsCommand=true"),
    *("-c", "push.gpgSign=false", "-c", "push.recurseSubmodules=no", "-c", "fetch.recurseSubmodules=no"),
)


def attempt(folder: Path, *arguments: str) -> str | None:
    """Run a git command that reads, and return its output without the last newline.

    Returns None if git fails or there is no folder. No program that the folder's configuration names is started.
    """
    if not folder.is_dir():
        return None
    completed = process.attempt("git", *INERT, *arguments, cwd=folder, extra=READING)
    return completed.stdout.removesuffix("\n") if completed.returncode == 0 else None


def run(folder: Path | str, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
    """Run a git command that may write, with additional variables, and return its output without the last newline.

    It runs the hooks and filters of the folder.

    Raises:
        CommandFailed: Git failed.
    """
    return process.run("git", *arguments, cwd=folder, extra={"LC_ALL": "C", **(extra or {})}).removesuffix("\n")


def make_temporary(folder: Path, *, bare: bool = True) -> None:
    """Make an empty repository for this program alone: no hook runs in it, also none that the user has for all.

    Again in the same folder, it changes nothing.

    Raises:
        CommandFailed: Git failed.
    """
    run(folder, "init", "--quiet", "--template=", *(("--bare",) if bare else ()), ".")
    run(folder, "config", "core.hooksPath", os.devnull)


def output(folder: str, *arguments: str) -> str | None:
    """Run a git command that reads, and return its unmodified output, or None if git fails; faster than `attempt`.

    Bytes that are not valid UTF-8 become U+FFFD.
    """
    return text(stream(folder, *arguments))


def text(pieces: Iterable[bytes]) -> str | None:
    """Return the whole output of a git command that `stream` started, as `output` does."""
    printed = process.collect(pieces)
    return None if printed is None else printed.decode(errors="replace")


def stream(folder: str, *arguments: str, given: str = "", room: int = 0) -> Generator[bytes]:
    """Start a git command that reads, and return its output in pieces as they come; closing the generator stops git.

    Git runs while the caller does other work.

    Args:
        folder: The folder.
        arguments: The arguments of git.
        given: Its standard input.
        room: How many bytes it can print before the caller reads any, where the system allows it; 64 KiB by default.

    Raises:
        CommandFailed: Git failed; raised at the end of the output.
    """
    return process.stream("git", "-C", folder, *INERT, *arguments, given=given.encode(), room=room, extra=READING)


def changes(folder: Path, *arguments: str) -> list[str]:
    """Return the lines of `git status --porcelain`, without starting a program of the folder's configuration.

    A filter that the folder configures is left out, so a changed file that it converts counts as changed. What is not
    committed inside a submodule does not count by default.

    Args:
        folder: A folder of the repository.
        arguments: More arguments of `git status`.

    Raises:
        CommandFailed: Git failed.
    """
    names = {key.rpartition(".")[0] for key in _configured(folder) if key.startswith("filter.")}
    empty = [f"{name}.{part}=" for name in sorted(names) for part in ("clean", "smudge", "process")]
    filters = [
        word for setting in (*empty, *(f"{name}.required=false" for name in sorted(names))) for word in ("-c", setting)
    ]
    command = ("status", "--porcelain", "--ignore-submodules=dirty", *arguments)
    return process.run("git", *INERT, *filters, *command, cwd=folder, extra=READING).splitlines()


def refs_at(address: str) -> str | None:
    """Return what `git ls-remote` lists of a repository, or None if it does not respond.

    Git runs outside of any repository, so that the configuration of none applies.
    """
    completed = process.attempt("git", "ls-remote", "--", address, cwd="/", extra={"LC_ALL": "C"})
    return completed.stdout if completed.returncode == 0 else None


def _configured(folder: Path) -> list[str]:
    """Return the keys that the folder itself configures, without those of the user and of the machine.

    Git writes the section and the last part of a key in lowercase.
    """
    listed = process.attempt("git", "config", "--list", "--show-scope", "--name-only", "-z", cwd=folder).stdout.split(
        "\0"
    )
    scoped = zip(listed[::2], listed[1::2], strict=False)
    return [key for scope, key in scoped if scope in {"local", "worktree"}]


def toplevel(folder: Path) -> Path | None:
    """Return the root of the work tree that contains a folder, or None if there is none."""
    from pathlib import Path

    root = attempt(folder, "rev-parse", "--show-toplevel")
    return Path(root) if root else None


def work_tree(folder: Path) -> Path:
    """Return the root of the work tree that contains a folder.

    Raises:
        NotARepository: There is none.
    """
    root = toplevel(folder)
    if root is None:
        from rnd.errors import NotARepository

        raise NotARepository(f"{folder} is not in the work tree of a git repository.")
    return root


def head(folder: Path) -> str | None:
    """Return the full hash of the HEAD commit, or None if there is no commit yet."""
    return attempt(folder, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")


def is_clean(folder: Path) -> bool:
    """Return whether the work tree has no uncommitted changes; ignored files do not count."""
    return not changes(folder)


def identity(folder: Path) -> str | None:
    """Return the author `Name <e-mail>` of commits in a folder, or None if it is not configured.

    Both the author and the committer must be set, in the configuration or the environment.
    """
    known = [
        attempt(folder, "-c", "user.useConfigOnly=true", "var", variable)
        for variable in ("GIT_COMMITTER_IDENT", "GIT_AUTHOR_IDENT")
    ]
    if None in known or not known[1]:
        return None
    return known[1].rpartition(">")[0] + ">"  # without the time that follows


def push(folder: Path, url: str, refspecs: Sequence[str], token: str, server: str) -> Completed:
    """Push over HTTP with a token, and return the result for any exit code.

    The pre-push hooks are skipped: the commits have passed the hooks or the checks already.

    Args:
        folder: The repository.
        url: The remote, without credentials.
        refspecs: The refs to push, such as `main:refs/heads/main`.
        token: The token to sign in with.
        server: The URL of the server that the token is for.
    """
    return signed_in(folder, token, server, "push", "--quiet", "--no-verify", url, *refspecs)


def signed_in(folder: Path, token: str | None, server: str, *arguments: str) -> Completed:
    """Run git in a folder with a token for one HTTP server, and return the result for any exit code.

    The token does not appear in a URL, an argument or the configuration, and the user's credential helpers are not
    called. Git sends it to no other server, even after a redirect or a rewritten URL. Without a token, git uses its own
    configuration; it never prompts.

    Args:
        folder: The repository.
        token: The token to sign in with.
        server: The URL of the server that the token is for, such as `https://github.com`.
        arguments: The arguments of git.

    Raises:
        ConfigurationUntrusted: The folder's own configuration names a program to start, or redirects the token.
    """
    _refuse(folder, DETOURS if token else PROGRAMS)
    variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "RND_PUSH_TOKEN": token}
    if not token:
        return process.attempt("git", *INERT, *arguments, cwd=folder, extra=variables)
    helper = f"credential.{server}.helper"
    options = (*SIGNED_IN, "-c", "credential.helper=", "-c", f"{helper}=", "-c", f"{helper}={CREDENTIAL_HELPER}")
    variables["GIT_ALLOW_PROTOCOL"] = "http:https"
    return process.attempt("git", *options, *arguments, cwd=folder, extra=variables)


def _refuse(folder: Path, keys: str) -> None:
    """Refuse a folder that configures a key itself that matches a pattern.

    Raises:
        ConfigurationUntrusted: It does.
    """
    import re  # only here; `rnd version next` starts git before it imports this

    found = next((key for key in _configured(folder) if re.match(keys, key)), None)
    if found:
        from rnd.errors import ConfigurationUntrusted

        raise ConfigurationUntrusted(f"The git configuration of {folder} sets {found}.")
