"""Readers of files that a repository or a person provides, each with valid files of its own."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from rnd import manifest
from rnd.answers import read_project
from rnd.ci.gate import judge, read_needs
from rnd.ci.private_packages import private_packages
from rnd.commands.new import read_data_file
from rnd.environments.conda.lockfile import fits, read_lock
from rnd.environments.conda.specification import read_specification
from rnd.organisation import load_organisation
from rnd.progress import Quiet
from rnd.publish import listing
from rnd.runners.simulation.job_list import read_job_list
from rnd.version.version_commit import plan_files
from tests.helpers.damage import HalfWritten
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


MANIFEST = """\
[project]
name = "acme-lab-demo"
version = "0.4.2"  # set by the pipeline
dependencies = ["tools>=1"]

[[tool.uv.index]]
name = "acme"
url = "https://aws@packages.example.com/pypi/lab/simple/"
explicit = true
"""


LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "acme-lab-demo"
version = "0.4.2"
source = { editable = "." }

[[package]]
name = "tools"
version = "1.0"
source = { registry = "https://packages.example.com/pypi/lab/simple" }
"""


ANSWERS = """\
# Changes here will be overwritten by Copier
_commit: 1.4.0
_src_path: git@github.com:Acme/template.git
author: Ada <ada@example.com>
create_github_repository: true
dependency_tool: conda
project_name: demo
python_version: '3.11'
"""


ENVIRONMENT = """\
name: demo
channels: [conda-forge, nodefaults]
platforms: [linux-64]
dependencies:
  - python 3.11.*
  - pip:
      - -e .
"""


VIRTUAL = """\
subdirs:
  linux-64:
    packages:
      __glibc: "2.28"
"""


CONDA_LOCK = """\
version: 1
metadata:
  content_hash: {linux-64: 0a}
  channels: [{url: conda-forge, used_env_vars: []}]
  platforms: [linux-64]
  sources: [environment.yml]
  inputs_metadata:
    environment.yml: {md5: 0a, sha256: 0b}
package:
- name: python
  version: 3.11.9
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://example.com/python-3.11.9-0.conda
  hash: {md5: 0a, sha256: 0b}
  category: main
  optional: false
"""


JOBS = json.dumps(
    [
        {
            "labels": ["self-hosted", "research"],
            "created_at": "2026-11-02T09:00:00Z",
            "started_at": "2026-11-02T09:01:00Z",
        }
    ]
)


NEEDS = json.dumps({"version": {"result": "success", "outputs": {"commit": "0a"}}, "image": {"result": "skipped"}})


PAGE = '<a href="demo-1.0-py3-none-any.whl#sha256=0a">demo-1.0-py3-none-any.whl</a>'


JSON_PAGE = json.dumps(
    {"meta": {"api-version": "1.0"}, "files": [{"filename": "x", "url": "x", "hashes": {"sha256": "0"}}]}
)


def read_text(file: str) -> Callable[[Path], str]:
    """Return a reader of one file as text, for readers that get text."""
    return lambda folder: (folder / file).read_text(encoding="utf-8", errors="replace")


def read_gate(folder: Path) -> None:
    """Judge a `needs` context."""
    judge(read_needs(read_text("needs.json")(folder)))


def set_version(folder: Path) -> None:
    """Write another version into both manifests."""
    plan_files(folder, "0.5.0").apply(Quiet())
    if manifest.read_version(folder) != "0.5.0" or manifest.read_lock_version(folder) not in {None, "0.5.0"}:
        raise HalfWritten


def read_pages(folder: Path) -> None:
    """Read a page of a package index in both forms."""
    for media_type, file in (("text/html", "page.html"), (listing.JSON, "page.json")):
        with suppress(ValueError):  # the documented error; the index reports it with the address of the page
            listing.parse(media_type, read_text(file)(folder), "https://packages.example.com/demo/")


READERS: dict[str, tuple[dict[str, str], Callable[[Path], object]]] = {
    "org.yml": (
        {"org.yml": (ROOT / "org.yml").read_text(encoding="utf-8")},
        lambda to: load_organisation(to / "org.yml"),
    ),
    "answers": ({".copier-answers.yml": ANSWERS}, read_project),
    "answers given": ({"answers.yml": ANSWERS}, lambda to: read_data_file(to / "answers.yml")),
    "manifest": ({"pyproject.toml": MANIFEST}, manifest.read_version),
    "version": ({"pyproject.toml": MANIFEST, "uv.lock": LOCK}, set_version),
    "private packages": (
        {"pyproject.toml": MANIFEST, "uv.lock": LOCK},
        lambda to: private_packages(to, "acme"),
    ),
    "conda's lock": (
        {"conda-lock.yml": CONDA_LOCK, "environment.yml": ENVIRONMENT, "virtual-packages.yml": VIRTUAL},
        lambda to: (read_specification(to), fits(read_lock(to), to)),
    ),
    "job list": ({"jobs.json": JOBS}, lambda to: read_job_list(to / "jobs.json")),
    "gate": ({"needs.json": NEEDS}, read_gate),
    "index": ({"page.html": PAGE, "page.json": JSON_PAGE}, read_pages),
}
