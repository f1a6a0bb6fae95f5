"""Many bare repositories quickly: objects written without git, into one store that all of them share.

Touches a folder. A repository consists of hard links and of its own refs; `objects/info/alternates` names the store.
Git replaces its files instead of writing into them, so a push to one repository changes no other.
https://git-scm.com/docs/gitrepository-layout
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import contextmanager
from hashlib import sha1
from typing import TYPE_CHECKING

from fake_github import git_loose, git_objects
from fake_github import git_repository as bare

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

KINDS = {"commit": 1, "tree": 2, "blob": 3}  # their numbers in a pack
PERSON = "Ada Lovelace <ada@example.com>"
Tree = dict[str, "bytes | Tree"]


class Store:
    """A folder of objects and of the files that repositories link.

    Args:
        folder: Created if it is not there.
        hooks: The folder of the repositories' hooks.
    """

    def __init__(self, folder: Path, hooks: Path) -> None:
        self._objects = folder / "objects"
        self._model = folder / "model.git"
        if not self._model.exists():
            bare.create(self._model, hooks)
            (self._model / "alternates").write_text(f"{self._objects}\n", encoding="utf-8")
            (self._objects / "pack").mkdir(parents=True)
        self._known: set[str] = set()
        self._pack: list[bytes] | None = None

    @contextmanager
    def packed(self) -> Generator[None]:
        """Write what the block writes into one pack at its end: one file is faster than thousands.

        https://git-scm.com/docs/gitformat-pack
        """
        self._pack = []
        yield
        entries, self._pack = self._pack, None
        if entries:
            whole = struct.pack(">4sII", b"PACK", 2, len(entries)) + b"".join(entries)
            digest = sha1(whole, usedforsecurity=False)
            pack = self._objects / "pack" / f"pack-{digest.hexdigest()}.pack"
            if not pack.exists():
                pack.write_bytes(whole + digest.digest())
                bare.run(self._model, "index-pack", str(pack))

    def write(self, kind: str, content: bytes) -> str:
        """Write an object and return its id."""
        return self._add(git_loose.GitObject(kind, content))

    def _add(self, one: git_loose.GitObject) -> str:
        sha = one.sha
        if sha not in self._known:
            self._known.add(sha)
            git_objects.keep(sha, one)
            if self._pack is not None:
                head = _entry_head(KINDS[one.kind], len(one.content))
                self._pack.append(head + zlib.compress(one.content, git_loose.FAST))
            else:
                git_loose.write(self._objects.parent, one)
        return sha

    def commit(
        self, files: Mapping[str, str], message: str, seconds: int, parents: tuple[str, ...] = (), who: str = PERSON
    ) -> str:
        """Write a commit with all of its files and return its id.

        Args:
            files: Paths with their texts.
            message: Of the commit.
            seconds: When it was made, since 1970.
            parents: Ids.
            who: Author and committer, as git writes them.
        """
        root: Tree = {}
        for path, text in files.items():
            *folders, name = path.split("/")
            below: Tree = root
            for folder in folders:
                below = below.setdefault(folder, {})  # pyrefly: ignore[bad-assignment]  # a folder is not a file here
            below[name] = text.encode(errors="surrogateescape")
        people = {"author": who, "committer": who}
        return self._add(git_loose.commit(self._tree(root), parents, people, seconds, message))

    def _tree(self, files: Tree) -> str:
        entries = []
        for name, what in files.items():
            folder = isinstance(what, dict)
            sha = self._tree(what) if isinstance(what, dict) else self.write("blob", what)
            mode = "40000" if folder else "100644"
            entry = f"{mode} {name}\0".encode(errors="surrogateescape") + bytes.fromhex(sha)
            entries.append((f"{name}/" if folder else name, entry))
        entries.sort(key=lambda one: one[0].encode(errors="surrogateescape"))
        return self.write("tree", b"".join(entry for _, entry in entries))

    def create(self, folder: Path, refs: Mapping[str, str], branch: str = "main") -> None:
        """Make a bare repository.

        Args:
            folder: Its place.
            refs: Whole names of refs, with ids.
            branch: Its default branch.
        """
        for place in ("", "objects", "objects/info", "refs"):
            os.mkdir(f"{folder}/{place}")  # noqa: PTH102 - a thousand times; the path objects take longer
        os.link(self._model / "config", folder / "config")
        os.link(self._model / "alternates", folder / "objects" / "info" / "alternates")
        if branch == "main":
            os.link(self._model / "HEAD", folder / "HEAD")
        else:
            (folder / "HEAD").write_text(f"ref: refs/heads/{branch}\n", encoding="utf-8")
        write_refs(folder, refs)


def _entry_head(kind: int, size: int) -> bytes:
    """Return the head of an entry of a pack: its kind and its size, seven bits to a byte after the first four."""
    head = [kind << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 128
        head.append(size & 127)
        size >>= 7
    return bytes(head)


def write_refs(folder: Path, refs: Mapping[str, str]) -> None:
    """Write all refs of a repository that has no others."""
    if refs:
        lines = "".join(f"{sha} {name}\n" for name, sha in sorted(refs.items()))
        (folder / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{lines}", encoding="utf-8")
