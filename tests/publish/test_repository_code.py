"""Code of a repository, such as a build backend or `docker/build.py`, runs without credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd.errors import CommandFailed
from rnd.publish.containers import run_script
from rnd.publish.distribution import build
from rnd.publish.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.repository import Repository

# What a step of a job has, by the pages of GitHub, AWS and uv on environment variables.
GIVEN = (
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_RUNTIME_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GH_TOKEN",
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_TOKEN",
    "RND_REGISTRY_PASSWORD",
    "UV_PUBLISH_PASSWORD",
    "UV_PUBLISH_TOKEN",
)
SECRET = "word-of-a-secret"
SPY = """\
import json, os, pathlib
pathlib.Path("{path}").write_text(json.dumps(dict(os.environ)))
"""


@pytest.fixture(autouse=True)
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all of them set."""
    for name in GIVEN:
        monkeypatch.setenv(name, SECRET)


def check(path: Path) -> dict[str, str]:
    """Check what the code has seen, and return it."""
    seen: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    assert [name for name, value in seen.items() if SECRET in value] == []
    return seen


def test_a_build_backend(package: Repository, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (package.path / "backend.py").write_text(f"{SPY.format(path=seen)}raise SystemExit(1)\n")
    text = (package.path / "pyproject.toml").read_text().partition("[build-system]")[0]
    text += '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (package.path / "pyproject.toml").write_text(text)
    with pytest.raises(CommandFailed):
        build(package.path, tmp_path / "built")
    assert check(seen)["SOURCE_DATE_EPOCH"] == package.git("log", "-1", "--format=%ct")


def test_the_script_that_builds_an_image(tmp_path: Path) -> None:
    seen, script = tmp_path / "seen", tmp_path / "docker" / "build.py"
    script.parent.mkdir()
    script.write_text(SPY.format(path=seen))
    run_script(tmp_path, ["--push"], Registry("registry.test", "ada", "of-the-image"), {"UV_INDEX_LAB_PASSWORD": "r"})
    found = check(seen)
    assert found["UV_INDEX_LAB_PASSWORD"] == "r"
    assert json.loads(found["RND_REGISTRY_CREDENTIALS"]) == {"Username": "ada", "Secret": "of-the-image"}
