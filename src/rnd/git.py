"""The only caller of git."""

from __future__ import annotations

from rnd import process

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

# Git runs this helper and reads the credentials that it prints; the token is in the environment of that process only.
CREDENTIAL_HELPER = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$RND_PUSH_TOKEN"; }; f'
# Messages in English. Git would flush a pipe after each commit that it lists, which takes as long as reading it.
READING = {"LC_ALL": "C", "GIT_FLUSH": "0"}


def attempt(folder: Path, *arguments: str) -> str | None:
    """Run git in a folder and return its output without the last newline; None if git fails or there is no folder."""
    if not folder.is_dir():
        return None
    completed = process.attempt("git", *arguments, cwd=folder, extra={"LC_ALL": "C"})
    return completed.stdout.removesuffix("\n") if completed.returncode == 0 else None


def run(folder: Path | str, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
    """Run git in a folder, with additional variables, and return its output without the last newline.

    Raises:
        CommandFailed: Git failed.
    """
    return process.run("git", *arguments, cwd=folder, extra={"LC_ALL": "C", **(extra or {})}).removesuffix("\n")


def output(folder: str, *arguments: str) -> str | None:
    """Run git in a folder and return its unmodified output, or None if git fails; faster than `attempt` and `run`.

    Bytes that are not valid UTF-8 become U+FFFD.
    """
    printed = process.output("git", "-C", folder, *arguments, extra=READING)
    return None if printed is None else printed.decode(errors="replace")


def stream(folder: str, *arguments: str, given: str = "") -> Generator[bytes]:
    """Run git in a folder and yield its output in pieces as they come; closing the generator stops git.

    Args:
        folder: The folder.
        arguments: The arguments of git.
        given: Its standard input.

    Raises:
        CommandFailed: Git failed.
    """
    return process.stream("git", "-C", folder, *arguments, given=given.encode(), extra=READING)


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
    # A repository can name a program that `git status` runs.
    return run(folder, "-c", "core.fsmonitor=false", "status", "--porcelain") == ""


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


def push(folder: Path, url: str, refspecs: Sequence[str], token: str, server: str) -> subprocess.CompletedProcess[str]:
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


def signed_in(folder: Path, token: str | None, server: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder with a token for one HTTP server, and return the result for any exit code.

    The token does not appear in a URL, an argument or the configuration, and the user's credential helpers are not
    called. Git sends it to no other server, even after a redirect or a rewritten URL. Without a token, git uses its own
    configuration; it never prompts.

    Args:
        folder: The repository.
        token: The token to sign in with.
        server: The URL of the server that the token is for, such as `https://github.com`.
        arguments: The arguments of git.
    """
    helper = f"credential.{server}.helper"
    options = ("-c", "credential.helper=", "-c", f"{helper}=", "-c", f"{helper}={CREDENTIAL_HELPER}") if token else ()
    variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "RND_PUSH_TOKEN": token}
    return process.attempt("git", *options, *arguments, cwd=folder, extra=variables)
