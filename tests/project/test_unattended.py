"""An update without a person gives what copier gives, and shares what does not depend on the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import copier
import pytest
from copier import _vcs

from rnd.project import unattended
from rnd.project.template import update_unattended
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = "_commit: 1.0.0\n_src_path: git+file://{source}\nname: {name}\n"
FILES = {
    "copier.yml": "name: {type: str}\nkind: {type: str, default: '{{ name }}-kind'}\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "notes.txt.jinja": "{{ name }}\none\n\n\n\n",
    "{{ name }}.txt.jinja": "{{ kind }}\n",
    "run.sh": "#!/bin/sh\n",
}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with two releases."""
    folder = tmp_path / "template"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for version, line in (("1.0.0", "one"), ("1.1.0", "two")):
        for name, text in FILES.items():
            (folder / name).write_text(text.replace("\none", f"\n{line}"), encoding="utf-8")
        (folder / "run.sh").chmod(0o755)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", f"feat: {version}")
        git(folder, "tag", version)
    return folder


def made(template: Path, folder: Path, name: str) -> Path:
    """Return a repository that was made from the first release."""
    folder.mkdir()
    files = {
        ".copier-answers.yml": ANSWERS.format(source=template, name=name),
        "notes.txt": f"{name}\none\n\n\n\nmine\n",
    }
    for path, text in {**files, f"{name}.txt": f"{name}-kind\n", "run.sh": FILES["run.sh"]}.items():
        (folder / path).write_text(text, encoding="utf-8")
    (folder / "run.sh").chmod(0o755)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    return folder


@pytest.mark.slow
def test_two_repositories_share_the_template(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPIER_CACHE_DIR", str(tmp_path / "cache"))
    cloned: list[str] = []

    def counted(url: str, ref: str, location: str) -> str:
        cloned.append(ref)
        return _vcs.clone(url, ref, location)

    monkeypatch.setattr("copier._template.clone", counted)
    for name in ("a", "b"):
        update_unattended(made(template, tmp_path / name, name), "1.1.0")
    assert sorted(cloned) == ["1.0.0", "1.1.0"]
    compiled = unattended.compiled(f"git+file://{template}", "1.1.0")
    before = len(compiled)
    update_unattended(made(template, tmp_path / "again", "b"), "1.1.0")
    assert len(compiled) == before > 0
    for name in ("a", "b"):
        plain = made(template, tmp_path / f"plain-{name}", name)
        copier.run_update(plain, vcs_ref="1.1.0", defaults=True, skip_answered=True, overwrite=True, quiet=True)
        for folder in (plain, tmp_path / name):
            git(folder, "add", "--all")
        assert git(plain, "write-tree") == git(tmp_path / name, "write-tree")
        assert (plain / "notes.txt").read_text(encoding="utf-8") == f"{name}\ntwo\n\n\n\nmine\n"
