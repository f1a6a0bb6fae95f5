"""`rnd new`, `rnd setup` and copier's task with GitHub: whole runs, from the questions to the pull request."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from rnd.cli import main
from rnd.names import derive_names
from rnd.organisation import load_organisation
from tests.conftest import TemplateRepository, git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosting import Hosting

NAME = derive_names("aligner", load_organisation()).repository


@pytest.fixture
def github(hosting: Hosting) -> Hosting:
    """A forge that has the organisation of the shipped org.yml, anew for each test."""
    hosting.owner = hosting.policy.owner = load_organisation().github.owner  # type: ignore[misc]
    return hosting
