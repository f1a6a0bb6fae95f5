"""The README's two commands, on a machine with git, make and Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.helpers.git import git

if TYPE_CHECKING:
    from tests.helpers.template import TemplateRepository

KEPT = ("HOME", "UV_CACHE_DIR", "SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make with nothing of this machine on PATH but what the system has."""
    variables = {name: value for name, value in os.environ.items() if name in KEPT}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=variables | {"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_explains_itself(template: TemplateRepository) -> None:
    said = make(template.folder).stdout
    for target in ("new", "test", "check"):
        assert f"  make {target} " in said


def test_a_repository_needs_a_name(template: TemplateRepository) -> None:
    ended = make(template.folder, "new")
    assert ended.returncode == 2
    assert "error: name it, as in `make new NAME=my_project`" in ended.stderr


@pytest.mark.slow
def test_one_command_makes_a_repository_where_there_is_no_uv(template: TemplateRepository) -> None:
    ended = make(template.folder, "new", "NAME=my_project")
    assert ended.returncode == 0, ended.stderr
    made = template.folder.parent / "my_project"
    assert f"my_project is ready in {made}" in ended.stdout
    assert git(made, "status", "--porcelain") == ""
    assert git(template.folder, "status", "--porcelain") == ""
    # What the hooks call is there for good.
    installed = Path(os.environ["HOME"]) / ".local" / "bin" / "uv"
    subprocess.run([installed, "--version"], capture_output=True, check=True)


def test_a_name_that_the_shell_would_read_is_only_refused(template: TemplateRepository) -> None:
    ended = make(template.folder, "new", "NAME=a'b;touch oops")
    assert ended.returncode == 2
    assert "Only letters (a to z), digits and _ may stand in a project name." in ended.stderr
    assert not (template.folder / "oops").exists()
