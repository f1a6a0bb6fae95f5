"""The folder of the broker is the whole function: it runs without rnd."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rnd.runners.broker
from rnd.runners.broker import handler
from rnd.runners.errors import StackInvalid
from rnd.runners.stack.configuration import MOST_BYTES, VARIABLE, broker_configuration, broker_environment
from tests.helpers.broker import CONFIGURATION, ORGANISATION

FOLDER = Path(rnd.runners.broker.__file__).parent
PROGRAM = """
import json, sys
sys.modules["rnd"] = None  # importing it fails
from broker.handler import handle
print(json.dumps(handle({"identity": "development", "token": "a.b.c"}, None)))
"""


@pytest.mark.slow
def test_it_runs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FOLDER, tmp_path / "broker", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("RND_BROKER", json.dumps(CONFIGURATION))
    run = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"] == "invalid-token"


def test_a_configuration_that_lambda_would_refuse_is_refused_before_the_deployment() -> None:
    """Lambda counts the names and the values of all variables, in bytes."""
    variables = broker_environment(ORGANISATION, "1001")
    assert list(variables) == [VARIABLE] == [handler.CONFIGURATION]
    assert json.loads(variables[VARIABLE]) == broker_configuration(ORGANISATION, "1001")
    room = MOST_BYTES - len(VARIABLE) - len(variables[VARIABLE])
    for extra, fits in ((room - 3, True), (room - 2, False)):  # a comma and two quotes
        github = ORGANISATION.github.model_copy(update={"protected_names": ["lab-secret", "x" * extra]})
        organisation = ORGANISATION.model_copy(update={"github": github})
        if fits:
            assert len(broker_environment(organisation, "1001")[VARIABLE]) == MOST_BYTES - len(VARIABLE)
            continue
        with pytest.raises(StackInvalid, match=rf"has {MOST_BYTES + 1} bytes, and Lambda accepts {MOST_BYTES}"):
            broker_environment(organisation, "1001")


def test_its_configuration_fits_and_has_no_secret() -> None:
    """Lambda accepts 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    configuration = broker_configuration(ORGANISATION, "1001")
    assert len(json.dumps(configuration)) < 3000
    assert configuration["apps"]["version"] == {"client_id": "Iv1.acme-version", "key": "alias/lab-app-version"}
    assert configuration["protected"] == ["lab-secret", "lab-template"]
