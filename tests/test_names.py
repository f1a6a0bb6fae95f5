"""The four names, as the specification gives them."""

from __future__ import annotations

from rnd.names import Names, derive_names
from rnd.organisation import load_organisation


def test_the_specification_s_example() -> None:
    assert derive_names("template_test", load_organisation()) == Names(
        repository="rnd-template-test",
        package="synthesia-rnd-template-test",
        image="synthesia-rnd-template-test",
        import_name="template_test",
    )


def test_names_are_lower_case_because_images_and_packages_are() -> None:
    names = derive_names("Speech2Text", load_organisation())
    assert (names.repository, names.import_name) == ("rnd-speech2text", "speech2text")
