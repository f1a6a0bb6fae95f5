"""The only caller of git."""

from __future__ import annotations

from rnd import process

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Run by git itself, which asks it and takes what it prints; the token is in the environment of that one process.
CREDENTIAL_HELPER = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$RND_PUSH_TOKEN"; }; f'


def attempt(folder: Path, *arguments: str) -> str | None:
    """Run git in a folder and return its output without the last newline; None if git, or no such folder, says no."""
    if not folder.is_dir():
        return None
    completed = process.attempt("git", *arguments, cwd=folder, extra={"LC_ALL": "C"})
    return completed.stdout.removesuffix("\n") if completed.returncode == 0 else None


def run(folder: Path | str, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
    """Run git in a folder, with more variables if any are given, and return its output without the last newline.

    Raises:
        CommandFailed: Git says no.
    """
    return process.run("git", *arguments, cwd=folder, extra={"LC_ALL": "C", **(extra or {})}).removesuffix("\n")


def output(folder: str, *arguments: str) -> str | None:
    """Run git in a folder and return its output as it is, or None if git says no; the quickest of the three.

    Bytes that are no UTF-8 become U+FFFD.
    """
    said = process.output("git", "-C", folder, *arguments, extra={"LC_ALL": "C"})
    return None if said is None else said.decode(errors="replace")


def toplevel(folder: Path) -> Path | None:
    """Return the root of the work tree that holds a folder, or None outside any."""
    from pathlib import Path

    root = attempt(folder, "rev-parse", "--show-toplevel")
    return Path(root) if root else None


def work_tree(folder: Path) -> Path:
    """Return the root of the work tree that holds a folder.

    Raises:
        NotARepository: There is none.
    """
    root = toplevel(folder)
    if root is None:
        from rnd.errors import NotARepository

        raise NotARepository("There is no work tree here.")
    return root


def head(folder: Path) -> str | None:
    """Return the full id of the commit that HEAD names, or None where there is none yet."""
    return attempt(folder, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")


def is_clean(folder: Path) -> bool:
    """Say whether the work tree holds nothing that is not committed, files that git ignores aside."""
    return run(folder, "status", "--porcelain") == ""


def identity(folder: Path) -> str | None:
    """Return `Name <e-mail>` as a commit made here would carry it, or None where git would have to guess.

    Both the author and the committer must be known, from the configuration or the environment.
    """
    known = [
        attempt(folder, "-c", "user.useConfigOnly=true", "var", variable)
        for variable in ("GIT_COMMITTER_IDENT", "GIT_AUTHOR_IDENT")
    ]
    if None in known or not known[1]:
        return None
    return known[1].rpartition(">")[0] + ">"  # without the time that follows


def push(folder: Path, url: str, refspecs: Sequence[str], token: str, server: str) -> subprocess.CompletedProcess[str]:
    """Push over HTTP with a token, to the end, whatever git's exit code.

    The hooks of the repository are not run: what is pushed has passed them, or the checks.

    Args:
        folder: The repository.
        url: Where to, without credentials.
        refspecs: What, such as `main:refs/heads/main`.
        token: What to sign in with.
        server: The address of the server that the token is for.
    """
    return signed_in(folder, token, server, "push", "--quiet", "--no-verify", url, *refspecs)


def signed_in(folder: Path, token: str | None, server: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder with a token for one server over HTTP, to the end, whatever git's exit code.

    The token is neither in an address, nor in an argument, nor in the configuration, and no helper of the user's is
    asked or told. Git gives it to no other server, even after a redirect or a rewritten address. Without a token git
    is left to itself; it never asks on a terminal.

    Args:
        folder: The repository.
        token: What to sign in with.
        server: The address of the server that the token is for, such as `https://github.com`.
        arguments: Those of git.
    """
    helper = f"credential.{server}.helper"
    options = ("-c", "credential.helper=", "-c", f"{helper}=", "-c", f"{helper}={CREDENTIAL_HELPER}") if token else ()
    variables = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "RND_PUSH_TOKEN": token}
    return process.attempt("git", *options, *arguments, cwd=folder, extra=variables)
