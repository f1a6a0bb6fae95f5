"""Organisation files beside the shipped one."""

from __future__ import annotations

import pytest

from rnd.organisation import load_organisation
from tests.helpers.machine import ACME

# For what pages show of the shipped org.yml: another organisation changes that file, and not the pages.
shipped = pytest.mark.skipif(load_organisation().slug != "synthesia", reason="org.yml is another organisation's by now")
SECTIONS = (ACME.parent / "without_aws.yml").read_text(encoding="utf-8")


def without_aws(sections: str = SECTIONS) -> str:
    """Return acme.yml with other providers, and without an AWS account and the apps that need one."""
    text = ACME.read_text(encoding="utf-8").replace("  apps:", "  # apps:")
    return text[: text.index("package_index:")] + sections + "\n" + text[text.index("docker:") :]
