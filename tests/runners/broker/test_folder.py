"""The folder of the broker is the whole function: it runs without rnd."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rnd.runners.broker
from rnd.runners.stack.configuration import broker_configuration
from tests.helpers.broker import CONFIGURATION, ORGANISATION

if TYPE_CHECKING:
    import pytest

FOLDER = Path(rnd.runners.broker.__file__).parent
PROGRAM = """
import json, sys
sys.modules["rnd"] = None  # importing it fails
from broker.handler import handle
print(json.dumps(handle({"identity": "development", "token": "a.b.c"}, None)))
"""


def test_it_runs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FOLDER, tmp_path / "broker", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("RND_BROKER", json.dumps(CONFIGURATION))
    run = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"] == "invalid-token"


def test_its_configuration_fits_and_has_no_secret() -> None:
    """Lambda accepts 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    configuration = broker_configuration(ORGANISATION, "1001")
    assert len(json.dumps(configuration)) < 3000
    assert configuration["apps"]["version"] == {"client_id": "Iv1.acme-version", "key": "alias/lab-app-version"}
    assert configuration["protected"] == ["lab-secret", "lab-template"]
