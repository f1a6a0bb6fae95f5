"""environment.yml and virtual-packages.yml: what is read, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.environments.conda.specification import digests, read_specification
from rnd.environments.errors import EnvironmentInvalid

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = """\
channels: [conda-forge, nodefaults]
platforms: [linux-64, osx-arm64]
dependencies:
  - python 3.11.*
  - cuda-version 12.*  # [linux]
  # - commented out    # [osx]
  - libomp             # not for Linux [arm64]
  - pip:
      - -e .
"""
VIRTUAL = """\
subdirs:
  linux-64:
    packages: {__glibc: "2.28", __archspec: 1 x86_64}
"""


def test_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    (tmp_path / "virtual-packages.yml").write_text(VIRTUAL)
    specification = read_specification(tmp_path)
    assert specification.channels == ("conda-forge",)
    assert specification.requests == {
        "linux-64": ("python 3.11.*", "cuda-version 12.*"),
        "osx-arm64": ("python 3.11.*", "libomp"),
    }
    assert specification.virtual_packages == {"linux-64": {"__glibc": "2.28", "__archspec": "1 x86_64"}}


def test_digests_are_those_of_the_text_whatever_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_bytes(b"a: 1\nb: 2\n")
    unix = digests(tmp_path)
    (tmp_path / "environment.yml").write_bytes(b"a: 1\r\nb: 2\r\n")
    assert digests(tmp_path) == unix
    (tmp_path / "virtual-packages.yml").write_text(VIRTUAL)
    assert set(digests(tmp_path)) == {"environment.yml", "virtual-packages.yml"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[conda-forge, nodefaults]", "[]", "environment.yml has no list `channels`"),
        ("platforms: [linux-64, osx-arm64]\n", "", "environment.yml has no list `platforms`"),
        ("osx-arm64", "amiga", "Unknown platform amiga in environment.yml; supported platforms: linux-64, "),
        ("- -e .", "- requests", "environment.yml requires {pip: [requests]}, but only packages from conda channels"),
        ("- -e .", "- -e .\n      - requests", "but only packages from conda channels can be locked"),
        ("- python 3.11.*", "- {python: 3.11}", "environment.yml requires {python: 3.11}"),
        ("[conda-forge", "[https://ada:secret@conda.example.com", "contains a password or a token"),
        ("[conda-forge", "[https://conda.example.com/t/ab-12/acme", "contains a password or a token"),
        ("channels", "channels: [", "is not valid YAML"),
        (ENVIRONMENT, "- a list", "environment.yml has no keys"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "environment.yml").write_text(ENVIRONMENT.replace(old, new))
    with pytest.raises(EnvironmentInvalid) as caught:
        read_specification(tmp_path)
    assert said in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("content", ["subdirs: [linux-64]", "subdirs: {linux-64: }", "packages: {}", "subdirs:"])
def test_virtual_packages_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    (tmp_path / "virtual-packages.yml").write_text(content)
    with pytest.raises(EnvironmentInvalid, match=r"virtual-packages\.yml must have the structure"):
        read_specification(tmp_path)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentInvalid, match=r"environment\.yml cannot be read"):
        read_specification(tmp_path)
