"""Tags and commits, read from real repositories in every state that a repository can be in."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from rnd import process
from rnd.errors import CommandFailed, NotARepository
from rnd.version import history, refs
from rnd.version.errors import ShallowHistory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.repository import Repository


def read(repository: Repository) -> history.History:
    return history.read(str(repository.path))


def messages(found: history.History) -> list[str]:
    return [commit["message"].rstrip("\n") for commit in found["commits"]]


def raw_commit(repository: Repository, message: bytes, headers: str = "") -> None:
    """Make a commit byte by byte: git itself would mend the message."""
    tree, parent = repository.git("rev-parse", "HEAD^{tree}", "HEAD").split()
    people = "author A <a@example.com> 0 +0000\ncommitter A <a@example.com> 0 +0000\n"
    raw = f"tree {tree}\nparent {parent}\n{people}{headers}\n".encode() + message
    made = repository.git("hash-object", "-t", "commit", "-w", "--stdin", text=raw)
    repository.git("reset", "--quiet", "--hard", made)


def test_the_commits_since_the_last_release_newest_first(released: Repository) -> None:
    head = released.commit("fix: a", "feat: b\n\nwith a body\n")
    found = read(released)
    assert found["head"] == head
    assert found["release"] == "0.4.1"
    assert messages(found) == ["feat: b\n\nwith a body", "fix: a"]
    assert [commit["parents"] for commit in found["commits"]] == [1, 1]
    assert found["commits"][0]["id"] == head


def test_two_processes_suffice(released: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    released.manifest("0.4.1")
    released.commit("fix: a")
    started: list[tuple[str, ...]] = []
    real = process.stream

    def counted(*argv: str, **options: Any) -> Iterator[bytes]:  # noqa: ANN401
        started.append(argv)
        return real(*argv, **options)

    monkeypatch.setattr(process, "stream", counted)
    read(released)
    assert len(started) == 2


def test_a_tag_that_is_created_while_git_lists_them_is_an_error(released: Repository) -> None:
    head = released.git("rev-parse", "HEAD")
    said = f"false\n{head}\n{head}\n--names\n0.4.1\n"
    assert refs.read(str(released.path), asked=[said.encode()]) == {"head": head, "tags": {"0.4.1": head}}
    with pytest.raises(CommandFailed, match="The tags changed while git listed them"):
        refs.read(str(released.path), asked=[f"{said}0.5.0\n".encode()])


def test_a_release_at_the_head_leaves_no_commits(released: Repository) -> None:
    assert read(released)["release"] == "0.4.1"
    assert messages(read(released)) == []


def test_without_a_release_no_commits_are_read(repository: Repository) -> None:
    repository.commit("feat: a")
    repository.release("nightly")
    found = read(repository)
    assert found["release"] is None
    assert found["commits"] == []
    assert found["tags"] == {"nightly"}


def test_an_unborn_branch(repository: Repository) -> None:
    assert read(repository) == history.History(head=None, tags=frozenset(), release=None, commits=[], unrecognised=[])


def test_an_unborn_branch_beside_a_file_called_head(repository: Repository) -> None:
    (repository.path / "HEAD").touch()
    assert read(repository)["head"] is None


def test_an_unborn_branch_in_a_repository_with_releases(released: Repository) -> None:
    released.git("switch", "--quiet", "--orphan", "fresh")
    assert read(released)["release"] is None


def test_a_detached_head(released: Repository) -> None:
    released.commit("fix: a", "fix: b")
    released.git("switch", "--quiet", "--detach", "HEAD~1")
    assert messages(read(released)) == ["fix: a"]


def test_foreign_tags_are_no_releases(released: Repository) -> None:
    released.commit("fix: a")
    for tag in ("docs-9.0.0", "pkg/9.0.0", "v9", "9.0.0-rc.1", "release"):
        released.release(tag)
    assert read(released)["release"] == "0.4.1"


@pytest.mark.parametrize(
    ("older", "newer"), [("0.27.2", "0.32"), ("v1.21.2", "v1.40"), ("v4.4.2", "v4.6"), ("2025.12.0", "2026.06.18")]
)
def test_a_tag_in_two_parts_or_padded_with_zeros_is_a_release(repository: Repository, older: str, newer: str) -> None:
    repository.commit("feat: a")
    repository.release(older)
    repository.commit("fix: b")
    repository.release(newer)
    repository.commit("fix: c")
    found = read(repository)
    assert (found["release"], messages(found)) == (newer, ["fix: c"])


def test_tags_that_resemble_a_newer_release_are_reported_where_they_are_in_the_past(released: Repository) -> None:
    released.commit("feat: a")
    for tag in ("release-0.5.0", "0.5.0.1", "v0", "release-0.3.0", "docs-9.0.0", "9.0.0-rc.1"):
        released.release(tag)
    released.git("switch", "--quiet", "--create", "other")
    released.commit("feat: b")
    released.release("release-7.0.0")
    released.git("switch", "--quiet", "main")
    released.commit("fix: c")
    found = read(released)
    assert (found["release"], found["unrecognised"]) == ("0.4.1", ["0.5.0.1", "release-0.5.0"])


def test_a_strange_tag_on_a_branch_without_a_release(repository: Repository) -> None:
    repository.commit("feat: a")
    repository.release("1v.2")
    repository.git("switch", "--quiet", "--create", "next")
    repository.commit("feat: b")
    repository.release("2.0.0")
    repository.git("switch", "--quiet", "main")
    assert read(repository)["release"] is None


def test_releases_are_compared_as_versions_not_as_text_or_by_date(repository: Repository) -> None:
    repository.commit("feat: a")
    repository.release("0.10.0")
    repository.commit("fix: b")
    repository.release("0.9.1")
    repository.commit("fix: c")
    assert read(repository)["release"] == "0.10.0"


def test_a_tag_with_v_and_a_lightweight_tag(repository: Repository) -> None:
    repository.commit("feat: a")
    repository.git("tag", "v1.0.0")
    repository.commit("fix: b")
    assert read(repository)["release"] == "v1.0.0"


def test_a_release_tag_on_something_that_is_no_commit(released: Repository) -> None:
    released.commit("fix: a")
    released.git("tag", "9.9.9", "HEAD^{tree}")
    assert read(released)["release"] == "0.4.1"


def test_a_shallow_clone_is_refused(released: Repository, tmp_path: Path) -> None:
    released.commit("fix: a", "fix: b")
    clone = tmp_path / "clone"
    released.git("clone", "--quiet", "--depth=1", released.path.as_uri(), str(clone))
    with pytest.raises(ShallowHistory, match="shallow"):
        history.read(str(clone))
    with pytest.raises(ShallowHistory, match="shallow"):
        history.read_branch(str(clone), "origin/main")


def test_a_clone_without_trees_and_files_is_enough(released: Repository, tmp_path: Path) -> None:
    (released.path / "file").write_text("content")
    released.git("add", "file")
    released.commit("feat: a")
    released.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    released.git("clone", "--quiet", "--no-checkout", "--filter=tree:0", released.path.as_uri(), str(clone))
    released.path.rename(tmp_path / "gone")
    assert history.read(str(clone))["release"] == "0.4.1"
    assert len(history.read(str(clone))["commits"]) == 1


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(NotARepository, match="not a git repository"):
        history.read(str(tmp_path))


@pytest.mark.parametrize("written", ["0.4.1", "0.0.1"], ids=["the release", "below it"])
@pytest.mark.parametrize("lost", ["HEAD", "HEAD~1", "1.0.0"])
def test_a_damaged_repository_is_an_error_not_one_without_releases(
    released: Repository, lost: str, written: str
) -> None:
    released.manifest(written)
    released.commit("fix: a")
    released.git("tag", "--annotate", "--message=x", "1.0.0", "HEAD~1")
    name = released.git("rev-parse", lost)
    (released.path / ".git" / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(CommandFailed, match="git cannot read this history"):
        read(released)


def test_from_a_folder_below_and_from_a_work_tree_beside(released: Repository, tmp_path: Path) -> None:
    released.commit("fix: a")
    below = released.path / "src" / "demo"
    below.mkdir(parents=True)
    released.git("worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "beside"))
    for folder in (below, tmp_path / "beside"):
        assert history.read(str(folder))["release"] == "0.4.1"


@pytest.mark.parametrize(
    ("message", "read_as"),
    [
        (b"", ""),
        (b"fix: \xff\xfe no UTF-8", "fix: \ufffd\ufffd no UTF-8"),
        ("fix: ü 漢 🎉".encode(), "fix: ü 漢 🎉"),
        (b"fix: a\n\n< not from the other side\n", "fix: a\n\n< not from the other side"),
        (b"\x1b[31mfix: red", "\x1b[31mfix: red"),
        (b"fix: a\0feat: git itself reads no further than NUL", "fix: a"),
    ],
)
def test_any_message_is_read_as_it_is(released: Repository, message: bytes, read_as: str) -> None:
    raw_commit(released, message)
    assert messages(read(released)) == [read_as]


def test_a_message_in_another_encoding_is_read_in_its_own(released: Repository) -> None:
    released.git(
        "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--allow-empty", "-F", "-", text=b"fix: \xfc"
    )
    assert messages(read(released)) == ["fix: ü"]


def test_the_user_s_configuration_changes_nothing(
    released: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n"
    raw_commit(released, "fix: ü".encode(), signature)
    verifier = tmp_path / "verifier"
    verifier.write_text("#!/bin/sh\necho 'verified, says the verifier' >&2\n")
    verifier.chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(
        "[log]\nshowSignature = true\ndecorate = full\ndate = relative\n[color]\nui = always\n"
        f"[i18n]\nlogOutputEncoding = UTF-16\n[format]\npretty = raw\n[gpg]\nprogram = {verifier}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    assert messages(read(released)) == ["fix: ü"]


def test_variables_that_point_git_elsewhere_are_ignored(
    released: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert read(released)["release"] == "0.4.1"


def test_a_long_history_with_many_releases(repository: Repository) -> None:
    """100,000 commits and 12,000 tags; most of them below a release, so that they need not be read."""
    stream = []
    for number in range(1, 100_001):
        parent = f"from :{number - 1}\n" if number > 1 else ""
        text = f"feat: {number}"
        stream.append(
            f"commit refs/heads/main\nmark :{number}\ncommitter A <a@example.com> {number} +0000\n"
            f"data {len(text)}\n{text}\n{parent}\n"
        )
        if number % 8 == 0 and number <= 96_000:
            stream.append(f"reset refs/tags/0.{number // 8}.0\nfrom :{number}\n\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository.path, input="".join(stream).encode(), check=True)
    found = read(repository)
    assert found["release"] == "0.12000.0"
    assert len(found["tags"]) == 12_000
    assert len(found["commits"]) == 4_000
