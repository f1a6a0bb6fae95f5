"""The template as a git repository that tests may change, and what is rendered from it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from copier import run_copy

from rnd.answers import read_project
from rnd.environments.environment import environment_of
from rnd_rehearsal.template import with_values
from tests.helpers.git import git
from tests.helpers.machine import PYTHON, ROOT, channel

# Where what `copy_template` copies is kept; a fixture says so.
RELEASED: list[Path] = []
# What keeps git from reading every file of a copy again.
UNMOVED = {"core.checkStat": "minimal", "core.trustctime": "false"}


@dataclass(frozen=True)
class TemplateRepository:
    """This working tree, committed files and others alike, as a git repository that tests may change."""

    folder: Path

    @property
    def address(self) -> str:
        """The address that copier is given."""
        return f"git+file://{self.folder}"

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file; it must be there."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def use_channel(self, channel: Path | str) -> None:
        """Make this, a folder or an address, the organisation's conda channel."""
        file = self.folder / "org.yml"
        address = channel.as_uri() if isinstance(channel, Path) else channel
        text = with_values(file.read_text(encoding="utf-8"), {("conda", "channels"): [address]})
        file.write_text(text, encoding="utf-8")

    def release(self, tag: str) -> None:
        """Commit what has changed, and tag it."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", f"release {tag}")
        git(self.folder, "tag", tag)


def copy_template(folder: Path, tool: str = "uv", python_version: str = PYTHON) -> TemplateRepository:
    """Copy this working tree into a folder, and release it as 1.0.0.

    Args:
        folder: Where to.
        tool: The default answer to the question about the dependency tool.
        python_version: Which Python the organisation's conda channel holds, where the tool is conda.
    """
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{_released(tool, python_version)}/.", folder], check=True)
    return TemplateRepository(folder)


@cache
def _released(tool: str, python_version: str) -> Path:
    """Return what `copy_template` copies, made once in each process, with its objects packed."""
    folder = RELEASED[-1] / f"{tool}-{python_version}"
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_symlink() or (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet", "--initial-branch=main")
    repository = TemplateRepository(folder)
    if tool == "conda":
        repository.edit("copier.yml", "  default: uv\n", "  default: conda\n")
        repository.use_channel(channel(python_version))
    for name, value in UNMOVED.items():
        git(folder, "config", name, value)
    repository.release("1.0.0")
    git(folder, "repack", "--quiet", "-a", "-d")
    return folder


def asking_nothing(address: str, name: str = "aligner") -> tuple[str, ...]:
    """Return the options with which `rnd new` asks nothing, and makes a repository for this machine alone."""
    data = (f"project_name={name}", "create_github_repository=false")
    return ("--defaults", *(option for answer in data for option in ("-d", answer)), "--template", address)


def lock_and_commit(folder: Path) -> Path:
    """Make a rendered repository what a job would check out, locked and with nothing installed, and return it."""
    for action in environment_of(read_project(folder)).lock_step().actions:
        action.run()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "feat: all")
    return folder


def render(template: TemplateRepository, folder: Path, **answers: str | list[str]) -> Path:
    """Render the template as plain copier does, for this machine alone and without its task, and return the folder."""
    data = {"create_github_repository": False, **answers}
    run_copy(
        template.address, folder, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True, vcs_ref="HEAD"
    )
    return folder


def render_once(template: Path, folder: Path, path: str) -> str:
    """Render a template that is no git repository, and return one of its files."""
    data = {"project_name": "aligner", "create_github_repository": False}
    run_copy(str(template), folder, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    return (folder / path).read_text(encoding="utf-8")
