"""What the fake reads of a repository without git is what git says, and it asks git no question twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fake_github import git_loose, git_refs, process
from fake_github import git_repository as bare
from fake_github_tests.acme import git

if TYPE_CHECKING:
    from pathlib import Path

LISTED = "--format=%(refname) %(objectname)"
NAMES = (
    *(
        "main",
        "topic/deep",
        "absent",
        "v1.0",
        "v2.0",
        "heads/main",
        "refs/tags/v1.0",
        "pull/3/head",
        "refs/pull/3/head",
    ),
    *(
        "HEAD",
        "HEAD~1",
        "main~1",
        "main@{0}",
        "v1.0-1-g{head}",
        "-main",
        "cafe",
        "beef",
        "{head}",
        "{short}",
        "{first}",
    ),
    *("{tag}", "{tree}", "{missing}", "twice", "", "main:", "a b", "ü"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with refs of all kinds: loose, packed, both, deleted after they were packed."""
    folder = tmp_path / "one.git"
    bare.create(folder, tmp_path / "hooks")
    tree = bare.run(folder, "hash-object", "-t", "tree", "-w", "/dev/null")
    first = git(folder, "commit-tree", tree, "-m", "first").strip()
    second = git(folder, "commit-tree", tree, "-p", first, "-m", "second").strip()
    for name in ("heads/main", "heads/topic/deep", "heads/cafe", "heads/gone", "heads/twice", "tags/v1.0"):
        bare.run(folder, "update-ref", f"refs/{name}", first)
    git(folder, "tag", "--annotate", "-m", "two", "v2.0", first)
    bare.run(folder, "pack-refs", "--all")
    bare.run(folder, "update-ref", "-d", "refs/heads/gone")
    for name in ("heads/main", "heads/topic/more/deep", "pull/3/head", "tags/twice"):
        bare.run(folder, "update-ref", f"refs/{name}", second)
    return folder


def test_refs_are_those_that_git_lists(folder: Path) -> None:
    for below in ((), ("refs/heads", "refs/tags"), ("refs/pull",)):
        said = bare.run(folder, "for-each-ref", LISTED, *below)
        assert [f"{name} {sha}" for name, sha in git_refs.read(folder, *below).items()] == said.splitlines()
    for name in ("refs/heads/main", "refs/heads/cafe", "refs/heads/gone", "refs/heads", "refs/heads/main/x"):
        assert git_refs.find(folder, name) == bare.attempt(folder, "rev-parse", "--quiet", "--verify", name)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_resolved_as_git_does(folder: Path, name: str) -> None:
    head, first, tag, tree = (bare.run(folder, "rev-parse", one) for one in ("main", "main~1", "v2.0", "main^{tree}"))
    name = (
        name.format(head=head, short=head[:7], first=first, tag=tag, tree=tree, missing="1" * 40)
        if "{" in name and "@" not in name
        else name
    )
    tried = [f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name]
    said = (
        bare.attempt(folder, "rev-parse", "--quiet", "--verify", f"{one}^{{commit}}") for one in tried if one[:1] != "-"
    )
    assert bare.resolve(folder, name) == next(filter(None, said), None)


def test_what_ids_say_is_asked_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, first = bare.run(folder, "rev-parse", "main"), bare.run(folder, "rev-parse", "main~1")

    def ask() -> list[object]:
        return [
            bare.commits(folder, head, f"^{first}"),
            bare.is_ancestor(folder, first, head),
            bare.is_ancestor(folder, head, first),
            bare.run(folder, "rev-list", "--count", f"{first}..{head}"),
            bare.resolve(folder, "main"),
            bare.resolve(folder, head),
            bare.resolve(folder, "absent"),
        ]

    said = ask()
    assert said[1:] == [True, False, "1", head, head, None]
    monkeypatch.setattr(process, "attempt", lambda *_, **__: pytest.fail("git is started"))
    assert ask() == said


def test_a_question_that_git_cannot_answer_yet_is_asked_again(folder: Path) -> None:
    later = bare.run(folder, "rev-parse", "main")
    place = folder / "objects" / later[:2] / later[2:]
    content = place.read_bytes()
    place.unlink()
    with pytest.raises(process.CommandFailed):
        bare.commit(folder, later)
    assert not bare.is_ancestor(folder, later, later)
    place.write_bytes(content)
    assert bare.commit(folder, later).sha == later
    assert bare.is_ancestor(folder, later, later)


def test_a_shallow_repository_is_asked_again(folder: Path) -> None:
    head = bare.run(folder, "rev-parse", "main")
    (folder / "shallow").write_text(f"{head}\n", encoding="utf-8")
    assert bare.run(folder, "rev-list", "--count", head) == "1"
    (folder / "shallow").unlink()
    assert bare.run(folder, "rev-list", "--count", head) == "2"


@pytest.mark.slow
def test_relations_of_commits_are_those_that_git_knows(folder: Path) -> None:
    tree = bare.run(folder, "rev-parse", "main^{tree}")
    commits = [bare.run(folder, "rev-parse", name) for name in ("main", "main~1")]
    for number, parents in enumerate([(0,), (0,), (2, 3), (), (4, 5)]):
        named = [word for parent in parents for word in ("-p", commits[parent])]
        commits.append(git(folder, "commit-tree", tree, *named, "-m", str(number)).strip())
        bare.run(folder, "update-ref", f"refs/heads/number-{number}", commits[-1])
    for one in commits:
        for other in commits:
            said = [
                process.attempt("git", *question, one, other, cwd=folder)
                for question in (["merge-base", "--is-ancestor"], ["merge-base"], ["merge-tree", "--write-tree"])
            ]
            assert bare.is_ancestor(folder, one, other) == (said[0].returncode == 0)
            assert (bare.merge_base(folder, one, other) or "") == said[1].stdout.strip()
            assert (bare.mergeable(folder, one, other) or "") == said[2].stdout.strip()
    for sha in (*commits, tree, bare.run(folder, "rev-parse", "v2.0")):
        assert bare.kind(folder, sha) == git(folder, "cat-file", "-t", sha).strip()
    assert bare.kind(folder, "1" * 40) is None


def test_an_object_that_is_written_is_one_of_gits(folder: Path) -> None:
    sha = git_loose.write(folder, git_loose.GitObject("blob", b"rover\n"))
    assert git(folder, "cat-file", "blob", sha).strip() == "rover"
    git_refs.write(folder, "refs/pull/7/head", bare.run(folder, "rev-parse", "main"))
    assert bare.attempt(folder, "rev-parse", "refs/pull/7/head") == bare.attempt(folder, "rev-parse", "main")
    assert bare.attempt(folder, "fsck", "--strict", "--no-dangling") == ""
