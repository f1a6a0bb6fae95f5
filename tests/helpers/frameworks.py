"""Small packages with the layout of a framework that has CPU and CUDA builds, in one index for each build.

The same version has the local versions `+cpu` and `+cu130`, in `/whl/cpu` and `/whl/cu130`, and no local version in the
index that is used without an extra, as https://docs.astral.sh/uv/guides/integration/pytorch describes PyTorch's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd_rehearsal.framework_index import BUILDS, DATED, publish_framework, publish_trainer, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "2.13.0"
PROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.8"
dependencies = []
[tool.uv]
package = false
[tool.uv.sources]
"""
CONFLICTS = 'conflicts = [[{ extra = "cpu" }, { extra = "cu130" }]]\n'
SOURCES = """\
trainer = { index = "frame-all" }
frame = [{ index = "frame-cpu", extra = "cpu" }, { index = "frame-cu130", extra = "cu130" }]
"""
TABLES = """
[project.optional-dependencies]
cpu = ["frame"]
cu130 = ["frame"]
[tool.rnd.extras]
default = ["cpu"]
gpu = ["cu130"]
image = ["cu130"]
"""


def make_indexes(place: Path) -> Path:
    """Make the indexes, each a folder, and return the folder that holds them."""
    publish_framework(place / "whl", VERSION)
    publish_trainer(place / "whl", "2.6.0")
    write_wheel(place / "whl" / "other", "frame", VERSION, "BUILD = ''\n")
    return place / "whl"


def make_project(place: Path) -> Path:
    """Return the folder of a new project that uses the indexes, and no other index."""
    indexes = make_indexes(place)
    other = f'[[tool.uv.index]]\nname = "other"\nurl = "{(indexes / "other").as_uri()}"\ndefault = true\n'
    folder = place / "demo"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    declare(folder, indexes.as_uri())
    with (folder / "pyproject.toml").open("a") as manifest:
        manifest.write(other)
    return folder


def declare(folder: Path, address: str) -> None:
    """Declare both builds in a project, as docs/how-to/gpu.md does, and a dependency that requires the framework."""
    manifest = folder / "pyproject.toml"
    text = manifest.read_text()
    for table, lines in (("[tool.uv]\n", CONFLICTS), ("[tool.uv.sources]\n", SOURCES)):
        assert text.count(table) == 1
        text = text.replace(table, table + lines)
    text = text.replace("dependencies = []", 'dependencies = ["trainer"]', 1)
    indexes = "".join(
        f'[[tool.uv.index]]\nname = "frame-{name}"\nurl = "{address}/{name}"\nexplicit = true\n'
        for name in (*BUILDS, DATED)
    )
    manifest.write_text(text + TABLES + indexes)
