"""The questions refuse what could not work, and name the rule that the answer breaks."""

from __future__ import annotations

import keyword
import re
import sys
from typing import TYPE_CHECKING

import pytest
from copier import run_copy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rnd.names import derive_names
from rnd.organisation import load_organisation
from rnd_rehearsal.template import copy_what_renders
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path


ORGANISATION = load_organisation()
RESERVED = (ROOT / "questions" / "reserved_names.txt").read_text(encoding="utf-8")

CHARACTERS = "Only letters (a to z), digits and _ may stand in a project name."
DIGIT = "A project name cannot start with a digit"
OUTER = "A project name cannot start or end with _"
DOUBLED = "A project name cannot hold __"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What asks the questions, which no test changes."""
    return copy_what_renders(ROOT, tmp_path_factory.mktemp("template"))


def answer(source: str | Path, **answers: str) -> None:
    """Answer the questions and render nothing; a refused answer raises."""
    answers = {"project_name": "fine", **answers}
    run_copy(str(source), "unused", data=answers, defaults=True, unsafe=True, quiet=True, pretend=True)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "A project needs a name."),
        ("2fast", DIGIT),
        ("_hidden", OUTER),
        ("hidden_", OUTER),
        ("_", OUTER),
        ("two__parts", DOUBLED),
        ("with-dash", CHARACTERS),
        ("with space", CHARACTERS),
        ("a.b", CHARACTERS),
        ("../up", CHARACTERS),
        ("name\n", CHARACTERS),
        ("rocket🚀", CHARACTERS),
        ("naïve", CHARACTERS),
        ("\u017fpeech", CHARACTERS),  # which is lower case for an S, and matches one where case is ignored
        ("class", "The name class is taken: it is a keyword of Python."),
        ("None", "The name none is taken: it is a keyword of Python."),
        ("json", "The name json is taken: it is a module of Python's standard library."),
        ("Test", "The name test is taken: it is a module of Python's standard library."),
        ("pytest", "The name pytest is taken: it is a module that the development tools install."),
        ("tests", "The name tests is taken: it is a folder of every generated repository."),
        ("con", "The name con is taken: it is a device name on Windows."),
        ("a" * 97, "With this project name the repository's would have 101 characters; GitHub allows 100."),
        ("a" * 200, "With this project name the repository's would have 204 characters; GitHub allows 100."),
    ],
)
def test_a_project_name_that_cannot_work(source: Path, name: str, rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(rule)):
        answer(source, project_name=name)


@pytest.mark.parametrize("name", ["x", "template_test", "Speech2Text", "match", "a" * 96, "classes", "json_tools"])
def test_a_project_name_that_works(source: Path, name: str) -> None:
    answer(source, project_name=name)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="aZ9_-é\n", max_size=9))
@example("a_b")
def test_a_name_is_allowed_exactly_when_it_works_in_all_four_places(source: Path, name: str) -> None:
    try:
        answer(source, project_name=name)
        allowed = True
    except ValueError:
        allowed = False
    names = derive_names(name, ORGANISATION)
    works = (
        (names.import_name.isidentifier() and names.import_name.isascii() and not names.import_name.startswith("_"))
        # PEP 508's names in the normal form of PEP 503
        and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", names.package)
        # a path component of an image name, as the OCI distribution specification has it
        and re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", names.image)
        and re.fullmatch(r"[a-z0-9._-]{1,100}", names.repository)
    )
    assert allowed == bool(works)


def test_the_reserved_names_hold_every_keyword_and_standard_module_of_this_python() -> None:
    reserved = set(RESERVED.split())
    assert {name.lower() for name in keyword.kwlist} <= reserved
    assert {name.lower() for name in sys.stdlib_module_names if not name.startswith("_")} <= reserved


@pytest.mark.parametrize(
    ("author", "rule"),
    [
        ("two\nlines", "An author is one line of text."),
        ("Ada <ada@example.com", "Write the author as `Name` or `Name <e-mail>`."),
        ("<ada@example.com>", "Write the author as `Name` or `Name <e-mail>`."),
        ("Ada <not an e-mail>", "Write the author as `Name` or `Name <e-mail>`."),
    ],
)
def test_an_author_that_cannot_be_written(source: Path, author: str, rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(rule)):
        answer(source, author=author)


@pytest.mark.parametrize("version", ["3.7", "3.11\n", "2", "latest"])
def test_a_python_that_the_organisation_does_not_offer(source: Path, version: str) -> None:
    with pytest.raises(ValueError, match="python_version"):
        answer(source, python_version=version)


@pytest.mark.parametrize("tool", ["poetry", "UV", "", "conda\n"])
def test_a_dependency_tool_that_there_is_not(source: Path, tool: str) -> None:
    with pytest.raises(ValueError, match="dependency_tool"):
        answer(source, dependency_tool=tool)
