"""A copy of the template for the workers that render: each release as one commit. Runs git.

Copier clones the template several times for each update. A commit for each release, packed, makes that a quarter as
long as the whole history. The tags stay, so that versions are written as from the template itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import git, process
from rnd.errors import TemplateUnavailable
from rnd.version.tags import releases

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.fleet.central import Remote

AUTHOR = {
    "GIT_AUTHOR_NAME": "rnd",
    "GIT_AUTHOR_EMAIL": "rnd@localhost",
    "GIT_COMMITTER_NAME": "rnd",
    "GIT_COMMITTER_EMAIL": "rnd@localhost",
}


def fetch_template(remote: Remote, folder: Path) -> None:
    """Fetch the template with all its releases into a bare repository. After an error, it may be called again.

    Raises:
        TemplateUnavailable: It cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    git.make_temporary(folder)
    refspecs = ("+refs/tags/*:refs/tags/*", "+HEAD:refs/heads/main")
    ended = git.signed_in(folder, remote.token, remote.server, "fetch", "--quiet", "--no-tags", remote.url, *refspecs)
    if ended.returncode != 0:
        raise TemplateUnavailable(f"git could not fetch {remote.url}:\n{process.last_words(ended)}")
    git.run(folder, "symbolic-ref", "HEAD", "refs/heads/main")


def make_slim(whole: Path, folder: Path) -> None:
    """Make the copy that has each release as one commit.

    Args:
        whole: The template with all its releases.
        folder: The folder of the copy; it is created.
    """
    folder.mkdir(parents=True)
    git.make_temporary(folder)
    tags = sorted(releases(git.run(whole, "tag").splitlines()))
    (folder / "objects/info/alternates").write_text(f"{whole.resolve()}/objects\n", encoding="utf-8")
    parent: tuple[str, ...] = ()
    made: list[str] = []
    for _, tag in tags:
        date = {f"GIT_{who}_DATE": git.run(whole, "log", "-1", "--format=%cI", tag) for who in ("AUTHOR", "COMMITTER")}
        tree = git.run(whole, "rev-parse", f"{tag}^{{tree}}")
        commit = git.run(folder, "commit-tree", tree, *parent, "-m", tag, extra={**AUTHOR, **date})
        git.run(folder, "update-ref", f"refs/tags/{tag}", commit)
        parent, made = ("-p", commit), [*made, commit]
    if made:
        git.run(folder, "update-ref", "refs/heads/main", made[-1])
    git.run(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    git.run(folder, "repack", "--quiet", "-a", "-d")
    (folder / "objects/info/alternates").unlink()
