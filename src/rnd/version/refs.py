"""The commit at the head and the tags: the first question to git. Reads, changes nothing.

This module imports little, so that git can start before the rest is imported.
"""

from __future__ import annotations

from rnd import git
from rnd.errors import CommandFailed, NotARepository

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import TypedDict
else:
    TypedDict = dict

NAMES = "--names"
HERE = "."  # the folder of every command that derives a version


class Refs(TypedDict):
    """What the names in a repository lead to.

    Attributes:
        head: The full hash of the commit that counts as the head; None on a branch without any.
        tags: The name of each tag, with the full hash of the object that it names: of an annotated tag, its own.
    """

    head: str | None
    tags: dict[str, str]


def ask(folder: str, at: str = "HEAD") -> Generator[bytes]:
    """Start git for `read`, which takes the same arguments.

    Git lists the hashes of the tags, repeats an option that it does not know, and lists the names in the same order.
    """
    listed = ("--tags", NAMES, "--symbolic", "--tags")
    return git.stream(folder, "rev-parse", "--is-shallow-repository", f"{at}^{{commit}}", *listed)


def read(folder: str, at: str = "HEAD", asked: Iterable[bytes] | None = None) -> Refs:
    """Return the commit at the head and the tags.

    Args:
        folder: A folder in the repository.
        at: The commit that counts as the head.
        asked: What `ask` returned for the same arguments, if git was started already.

    Raises:
        NotARepository: The folder lies in none, or git refuses to read it.
        ShallowHistory: The clone is shallow.
        CommandFailed: The commit cannot be read.
    """
    said = git.text(asked or ask(folder, at))
    if said is None:
        _must_be_readable(folder, at)
        return Refs(head=None, tags={})  # no commit yet, which git takes for an error
    shallow, head, *listed = said.removesuffix("\n").split("\n")
    if shallow == "true":
        from rnd.version.errors import ShallowHistory

        raise ShallowHistory("This clone is shallow: commits, and with them tags, are missing.")
    middle = listed.index(NAMES)
    hashes, names = listed[:middle], listed[middle + 1 :]
    if len(hashes) != len(names):
        raise CommandFailed("The tags changed while git listed them.", "Run the same command again.")
    return Refs(head=head, tags=dict(zip(names, hashes, strict=True)))


def damaged(failed: CommandFailed) -> CommandFailed:
    """Return the error for a history that git cannot read."""
    return CommandFailed(
        f"git cannot read this history: {failed.message}",
        "`git fsck` lists what is damaged. Clone the repository again.",
    )


def _must_be_readable(folder: str, at: str) -> None:
    """Raise the reason for which git did not answer, if it is another one than an unborn branch."""
    try:
        git.run(folder, "rev-parse", "--is-shallow-repository")
    except CommandFailed as failed:
        _, _, words = failed.message.partition("\n")
        raise NotARepository(f"git finds no repository that it can read here:\n{words}") from failed
    if at != "HEAD" or git.output(folder, "rev-parse", "--verify", "--quiet", at) is None:
        return
    try:
        git.run(folder, "cat-file", "-e", f"{at}^{{commit}}")
    except CommandFailed as failed:
        raise damaged(failed) from failed
