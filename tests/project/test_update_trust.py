"""A repository does not decide which template runs, and none of its files runs in an update."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rnd.answers import read_project
from rnd.cli import main
from rnd.errors import CommandFailed, TemplateUntrusted
from rnd.project.template import trusted_source
from rnd.project.update import bring
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.kept import Kept


def tampered(made: Path, key: str, value: str) -> None:
    """Commit another value of an answer."""
    answers = made / ".copier-answers.yml"
    answers.write_text(re.sub(rf"(?m)^{key}: .*$", lambda _: f"{key}: {value}", answers.read_text()))
    git(made, "commit", "--quiet", "--all", "--no-verify", "--message", "chore: tamper")


def hostile(folder: Path, marker: Path) -> str:
    """Make a template with a migration that runs a command, and return its address."""
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "copier.yml").write_text(f"_migrations: [{{command: touch {marker}}}]\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a")
    git(folder, "tag", "9.0.0")
    return f"git+file://{folder}"


@pytest.mark.parametrize("option", [(), ("--plan",)])
def test_a_repository_does_not_name_the_template_that_runs(
    kept: Kept, tmp_path: Path, option: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """A template's migrations run commands; who is in a hostile folder has not asked for them."""
    tampered(kept.made, "_src_path", hostile(tmp_path / "hostile", tmp_path / "ran"))
    assert main(["update", str(kept.made), *option]) == 2
    assert "error[template-untrusted]" in capfd.readouterr().err
    assert not (tmp_path / "ran").exists()


def test_the_named_template_takes_the_recorded_one_s_place(kept: Kept, tmp_path: Path) -> None:
    """The old version is rendered too, and not from the recorded address."""
    kept.template.edit("template/.gitignore.jinja", "dist/\n", "dist/\n*.wav\n")
    kept.template.release("1.1.0")
    tampered(kept.made, "_src_path", hostile(tmp_path / "hostile", tmp_path / "ran"))
    assert main(["update", str(kept.made), "--template", kept.template.address]) == 0
    answers = read_project(kept.made)
    assert (answers.source, answers.commit) == (kept.template.address, "1.1.0")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("option", [(), ("--plan",)])
@pytest.mark.parametrize("command", ["update", "setup"])
@pytest.mark.parametrize(("key", "value"), [("_src_path", "--upload-pack={}"), ("python_version", "{}")])
def test_an_answer_is_not_a_command(
    kept: Kept,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    key: str,
    value: str,
    option: tuple[str, ...],
) -> None:
    monkeypatch.chdir(kept.made)
    (kept.made / "py.sh").write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    (kept.made / "py.sh").chmod(0o755)
    tampered(kept.made, key, value.format("./py.sh"))
    assert main([command, str(kept.made), *option]) == 2
    assert not (tmp_path / "ran").exists()


def test_the_configuration_of_the_folder_starts_no_program(tmp_path: Path) -> None:
    """Git replaces the start of an address as the folder says, and the protocol `ext` is a program."""
    folder, clone, spy = tmp_path / "made", tmp_path / "clone", tmp_path / "spy"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "feat: all")
    git(tmp_path, "clone", "--quiet", str(folder), str(clone))
    git(folder, "config", f"url.ext::touch {spy} .insteadOf", "/")
    git(folder, "config", "protocol.ext.allow", "always")
    with pytest.raises(CommandFailed, match="transport 'ext' not allowed"):
        bring(clone, folder)
    assert not spy.exists()


@pytest.mark.parametrize(
    ("recorded", "trusted"),
    [
        ("git@github.com:acme/rnd-template.git", True),
        ("https://github.com/Acme/rnd-template", True),
        ("git+https://github.com/acme/rnd-template.git", True),
        ("http://github.com/acme/rnd-template", False),
        ("https://github.com@example.com/acme/rnd-template", False),
        ("https://github.com.example.com/acme/rnd-template", False),
        ("git@github.com:mallory/rnd-template", False),
        ("ext::sh -c id", False),
        ("github.com/acme/rnd-template", False),
    ],
)
def test_which_recorded_template_is_trusted(recorded: str, trusted: bool) -> None:
    published = "git@github.com:acme/rnd-template.git"
    if trusted:
        assert trusted_source(recorded, None, published) == recorded
    else:
        with pytest.raises(TemplateUntrusted):
            trusted_source(recorded, None, published)
