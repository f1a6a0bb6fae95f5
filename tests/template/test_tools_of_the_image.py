"""What an image is built with beyond its lock file comes by digest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.helpers.machine import BOTH_TOOLS, ROOT
from tests.helpers.template import render

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.template import TemplateRepository


def test_py_rattler_is_the_one_of_the_lock_file() -> None:
    text = (ROOT / "partials" / "py-rattler.txt").read_text(encoding="utf-8")
    locked = re.search(
        r'name = "py-rattler"\nversion = "(?P<version>[^"]+)".*?\n\n', (ROOT / "uv.lock").read_text(), re.DOTALL
    )
    assert locked is not None
    assert "dependencies" not in locked[0], "pip installs nothing without a digest"
    assert f"py-rattler=={locked['version']} " in text
    wheels = re.findall(r'(?:many|musl)linux\S+(?:x86_64|aarch64)\.whl", hash = "(sha256:\w+)"', locked[0])
    assert sorted(re.findall(r"sha256:\w+", text)) == sorted(wheels)


@pytest.mark.slow
@BOTH_TOOLS
def test_nothing_is_installed_without_a_digest(template: TemplateRepository, tmp_path: Path, tool: str) -> None:
    dockerfile = (render(template, tmp_path / "made", project_name="rover") / "docker" / "Dockerfile").read_text()
    commands = re.findall(r"pip install (?:\S+ |\\\n +)*", dockerfile)
    published, local = "--requirements package.txt", "--no-deps"
    assert len(commands) == (3 if tool == "uv" else 4)
    for command in commands:
        assert "--require-hashes" in command or published in command or local in command
    assert "uv run" not in dockerfile
