"""The image of a repository with a CPU and a CUDA build: the selected one, from the index of that build."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.helpers.frameworks import VERSION, declare, make_indexes
from tests.helpers.machine import BASE_IMAGE, INDEXES, PYTHON
from tests.helpers.template import copy_template, lock_and_commit, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOK = """\
import frame, importlib.metadata as all, os
print(frame.BUILD, all.version("frame"), all.version("trainer"), os.environ.get("CUDA_VERSION"))
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Path]:
    """A repository with both builds, locked and committed, while its indexes are served."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(make_indexes(tmp_path)))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        template = copy_template(tmp_path / "rnd-template")
        folder = render(template, tmp_path / "made", project_name="aligner", python_version=PYTHON)
        declare(folder, f"http://127.0.0.1:{server.server_port}")
        yield lock_and_commit(folder)
        server.shutdown()


@pytest.mark.slow
def test_the_build_for_the_image_and_another_by_hand(made: Path, docker: dict[str, str]) -> None:
    cuda = "cuda-base:13.0"  # stands in for an image with CUDA's toolkit and Python
    text = f"FROM {BASE_IMAGE}\nENV CUDA_VERSION=13.0\n"
    subprocess.run(["docker", "build", "--tag", cuda, "-"], input=text, env=os.environ | docker, text=True, check=True)
    for options, build, base in (((), "cu130", cuda), (("--extra", "cpu"), "cpu", BASE_IMAGE)):
        argv = [sys.executable, "docker/build.py", "--local", "--builder", "docker", "--network", "host", *options]
        argv += ["--base-image", base, "--tag", f"aligner:{build}"]
        environ = os.environ | INDEXES | docker
        built = subprocess.run(argv, cwd=made, env=environ, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
        run = ["docker", "run", "--rm", f"aligner:{build}", "python", "-c", LOOK]
        said = subprocess.run(run, env=environ, capture_output=True, text=True, check=True).stdout
        assert said.split() == [build, f"{VERSION}+{build}", "2.6.0", "13.0" if base == cuda else "None"]
