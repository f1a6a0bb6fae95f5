"""The four names that follow from a project name."""

from __future__ import annotations

from rnd.names import Names, derive_names
from rnd.organisation import load_organisation
from tests.helpers.machine import ACME


def test_four_names() -> None:
    assert derive_names("template_test", load_organisation(ACME)) == Names(
        repository="lab-template-test",
        package="acme-lab-template-test",
        image="acme-lab-template-test",
        import_name="template_test",
    )


def test_names_are_lower_case_because_images_and_packages_are() -> None:
    names = derive_names("Speech2Text", load_organisation(ACME))
    assert (names.repository, names.import_name) == ("lab-speech2text", "speech2text")
