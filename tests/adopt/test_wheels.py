"""The proof: two wheels are the same, and each thing that a conversion can lose is found."""

from __future__ import annotations

import io
import zipfile
from email import message_from_string
from typing import Any

import pytest

from rnd.adopt.build import runs_code
from rnd.adopt.computed import settle_computed
from rnd.adopt.errors import CredentialsCommitted
from rnd.adopt.normal import details, normal_requirement
from rnd.adopt.proof import Proof, declared_wheel
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from rnd.adopt.wheels import differences, read_wheel

METADATA = """\
Metadata-Version: 2.1
Name: Speech.Aligner
Version: 0.3.1
Requires-Python: >=3.9
Requires-Dist: numpy>=1.24
Requires-Dist: tomli; python_version < "3.11"
Requires-Dist: torch; extra == "gpu"
Provides-Extra: gpu
"""
POINTS = "[console_scripts]\nalign = aligner.cli:main\n"
FILES = {"aligner/__init__.py": "", "aligner/words.json": "{}"}
INFO = "aligner-0.3.1.dist-info"


def wheel(
    metadata: str = METADATA, points: str = POINTS, files: dict[str, str] | None = None, tag: str = "py3-none-any"
) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, text in (FILES if files is None else files).items():
            opened.writestr(name, text)
        opened.writestr("aligner-0.3.1.dist-info/METADATA", metadata)
        opened.writestr("aligner-0.3.1.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        opened.writestr("aligner-0.3.1.dist-info/entry_points.txt", points)
    return archive.getvalue()


def test_equal_meanings_are_no_difference() -> None:
    other = METADATA.replace("Speech.Aligner", "speech-aligner").replace("numpy>=1.24", "numpy (>=1.24.0)")
    other = other.replace('torch; extra == "gpu"', "torch ; extra == 'gpu'").replace(">=3.9", ">=3.9.0")
    assert differences(read_wheel(wheel()), read_wheel(wheel(other, POINTS.replace(" = ", "=")))) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a>=1.0.0", "a (>=1)", True),
        ("a~=1.4.0", "a~=1.4", False),
        ("a==1.0.*", "a==1.*", False),
        ("a[X,y-z]", "A[y_z,x]", True),
        ("a; os_name == 'nt' and (python_version < '3.9')", 'a; python_version<"3.9" and os_name=="nt"', True),
        (
            "a; (os_name == 'nt' or os_name == 'java') and extra == 'x'",
            "a; os_name == 'nt' or os_name == 'java' and extra == 'x'",
            False,
        ),
        (
            "a; (os_name == 'nt' or os_name == 'java') and extra == 'x'",
            "a; os_name == 'java' and extra == 'x' or extra == 'x' and os_name == 'nt'",
            True,
        ),
        ("a; python_version ~= '3.9'", "a; python_version ~= '3.9.0'", False),
    ],
)
def test_requirements_are_the_same_only_if_they_mean_the_same(one: str, other: str, *, same: bool) -> None:
    assert (normal_requirement(one) == normal_requirement(other)) == same


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"metadata": f"{METADATA}Summary: Align\n"}, "details: summary Align is new"),
        ({"metadata": f"{METADATA}Author-email: Ada <ada@example.com>\n"}, "details: author ada@example.com is new"),
        ({"files": {**FILES, f"{INFO}/licenses/LICENSE": ""}}, "files: dist-info/LICENSE is new"),
        ({"files": {**FILES, "aligner-0.3.1.data/scripts/a": ""}}, "files: .data/scripts/a is new"),
        ({"metadata": METADATA.replace("Speech.Aligner", "aligner")}, "name: speech-aligner → aligner"),
        ({"metadata": METADATA.replace("0.3.1", "0.1.0")}, "version: 0.3.1 → 0.1.0"),
        ({"metadata": METADATA.replace(">=3.9", ">=3.10")}, "python: >=3.9 → >=3.10"),
        ({"metadata": METADATA.replace("Provides-Extra: gpu\n", "")}, "extras: gpu is gone"),
        ({"metadata": METADATA.replace("Requires-Dist: numpy>=1.24\n", "")}, "requirements: numpy[]>=1.24; is gone"),
        ({"metadata": METADATA.replace('; python_version < "3.11"', "")}, "requirements: tomli[]; is new"),
        ({"metadata": METADATA.replace("numpy>=1.24", "numpy>=1.25")}, "requirements: numpy[]>=1.25; is new"),
        ({"points": ""}, "entry_points: console_scripts: align = aligner.cli:main is gone"),
        ({"files": {"aligner/__init__.py": ""}}, "files: aligner/words.json is gone"),
        ({"files": {**FILES, "aligner/words.json": "[]"}}, "files: aligner/words.json is different"),
        ({"files": {**FILES, "tests/__init__.py": ""}}, "files: tests/__init__.py is new"),
        ({"tag": "cp311-cp311-linux_x86_64"}, "tag: py3-none-any → cp311-cp311-linux_x86_64"),
    ],
)
def test_each_loss_is_a_difference(changed: dict[str, str], line: str) -> None:
    found = differences(read_wheel(wheel()), read_wheel(wheel(**changed)))  # pyrefly: ignore[bad-argument-type]
    assert line in found
    assert not Proof("compared", found).holds


def test_what_the_manifests_declare_is_compared_without_running_the_build() -> None:
    setup = (
        "from setuptools import setup\nsetup(name='Speech.Aligner', version='0.3.1', python_requires='>=3.9',\n"
        "    install_requires=['numpy>=1.24', 'tomli; python_version < \"3.11\"'], extras_require={'gpu': ['torch']},\n"
        "    entry_points={'console_scripts': ['align=aligner.cli:main']}, packages=['aligner'])\n"
    )
    found = analyse(tree_of({"setup.py": setup, "aligner/__init__.py": ""}), None, "main")
    lines = differences(declared_wheel(found), read_wheel(wheel()))
    assert [line for line in lines if not line.startswith(("files", "tag"))] == []
    assert not Proof("compared", [], missing="not built").holds


def test_older_fields_say_the_same_as_newer_ones() -> None:
    older = (
        "Author: Ada\nAuthor-email: ada@example.com\nHome-page: https://a.example\nKeywords: b a\nLicense: MIT\n\n"
        "Text \n"
    )
    newer = (
        "Author-email: Ada <ada@example.com>\nProject-URL: homepage, https://a.example\nKeywords: a,b\n"
        "License-Expression: MIT\n\nText\n"
    )
    one, other = (details(message_from_string(text)) for text in (older, newer))
    assert one == other
    assert len(one) == 7


@pytest.mark.parametrize(
    ("files", "backend", "reason"),
    [
        ({"setup.py": ""}, "setuptools.build_meta", "setup.py"),
        ({"hatch_build.py": ""}, "hatchling.build", "hatch_build.py"),
        ({}, "acme.backend", "the build backend acme.backend"),
        ({"setup.py": ""}, "poetry.core.masonry.api", None),
        ({}, "flit_core.buildapi", None),
        (
            {"setup.cfg": "[metadata]\nversion = attr: a.b\n"},
            "setuptools.build_meta",
            "what setup.cfg names",
        ),
    ],
)
def test_which_builds_run_code_of_the_repository(files: dict[str, str], backend: str, reason: str | None) -> None:
    assert runs_code(tree_of(files), {"build-system": {"build-backend": backend}}) == reason


HATCH = {"requires": ["hatchling>=1.20"], "build-backend": "hatchling.build"}
FLIT = {"requires": ["flit_core >=3.2,<4"], "build-backend": "flit_core.buildapi"}
SETUPTOOLS = {"requires": ["setuptools>=61", "wheel"], "build-backend": "setuptools.build_meta"}
PATH = {"hatch": {"version": {"path": "a.py"}}}
HOOK = {"custom": {"path": "x.py"}}
CLASSES = {"setuptools": {"cmdclass": {"build": "a.B"}}}
LOCAL = "setuptools @ file:///x"
EXPLICIT = {"uv": {"index": [{"name": "acme", "url": "https://index.example", "explicit": True}]}}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"build-system": HATCH}, None),
        ({"build-system": HATCH, "project": {"dynamic": ["version"]}}, "what computes the version"),
        ({"build-system": HATCH, "project": {"dynamic": ["version"]}, "tool": PATH}, None),
        ({"build-system": HATCH, "tool": {"hatch": {"build": {"hooks": HOOK}}}}, "[tool.hatch] hooks"),
        ({"build-system": HATCH, "tool": {"hatch": {"targets": {"wheel": {"hooks": HOOK}}}}}, "[tool.hatch] hooks"),
        ({"build-system": FLIT, "project": {"dynamic": ["description"]}}, "what computes the description"),
        ({"build-system": SETUPTOOLS}, None),
        ({"build-system": SETUPTOOLS, "tool": CLASSES}, "[tool.setuptools] cmdclass"),
        ({"build-system": {**SETUPTOOLS, "requires": ["helper"]}}, "the build requirement helper"),
        ({"build-system": {**SETUPTOOLS, "requires": [LOCAL]}}, f"the build requirement {LOCAL}"),
        ({"build-system": {**SETUPTOOLS, "backend-path": ["."]}}, "the build backend setuptools.build_meta"),
        ({"build-system": SETUPTOOLS, "tool": {"pdm": {"build": {"custom-hook": "x.py"}}}}, "[tool.pdm] custom-hook"),
        ({"build-system": SETUPTOOLS, "tool": {"poetry": {"build": "x.py"}}}, "[tool.poetry] build"),
        ({"build-system": SETUPTOOLS, "tool": EXPLICIT}, None),
        ({"build-system": SETUPTOOLS, "tool": {"uv": {"index": [{}]}}}, "packages from [[tool.uv.index]]"),
        ({"build-system": SETUPTOOLS, "tool": {"uv": {"find-links": ["x"]}}}, "packages from [tool.uv] find-links"),
    ],
)  # fmt: skip
def test_hooks_requirements_and_indexes_are_code_too(document: dict[str, Any], reason: str | None) -> None:
    assert runs_code(tree_of({}), document) == reason


def test_what_code_computes_comes_from_a_wheel_that_was_built() -> None:
    setup = (
        "from setuptools import setup\nsetup(name='Speech.Aligner', version=read('VERSION'), python_requires='>=3.9',\n"
        "    install_requires=read('r.txt').split(), packages=find(), cmdclass=COMMANDS)\n"
    )
    tree = tree_of({"setup.py": setup, "aligner/__init__.py": ""})
    found = analyse(tree, None, "main")
    settle_computed(found, wheel(), tree)
    value = found.declared.value
    assert (value("version"), value("optional-dependencies")) == ("0.3.1", {"gpu": ["torch"]})
    assert value("dependencies") == ["numpy>=1.24", 'tomli; python_version < "3.11"']
    assert found.facts()["version"].source == "the wheel that was built"
    assert found.declared.build["setuptools"]["packages"] == ["aligner"]
    assert found.layout is not None
    assert found.layout.modules == ("aligner",)
    assert [(point.code, point.blocks) for point in found.points] == [("computed-cmdclass", True), ("computed", False)]
    lines = differences(declared_wheel(found), read_wheel(wheel(points="")))
    assert [line for line in lines if not line.startswith(("files", "tag"))] == []
    metadata = METADATA.replace("numpy>=1.24", "numpy @ https://ada:hunter2@files.example/numpy.whl")
    with pytest.raises(CredentialsCommitted, match=r"^the wheel that was built has"):
        settle_computed(analyse(tree, None, "main"), wheel(metadata), tree)
