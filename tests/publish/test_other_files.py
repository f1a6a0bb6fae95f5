"""Another file of a version on the index: an installer could take it for the one that was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.publish.files import belongs
from rnd_rehearsal.package_index import Fault

if TYPE_CHECKING:
    from rnd_rehearsal.package_index import PackageIndex

PACKAGE = ("release", "package", "--quiet")
OTHERS = [
    "acme_demo-0.4.1-1-py3-none-any.whl",
    "acme_demo-0.4.1-py3-none-manylinux_2_17_x86_64.whl",
    "acme_demo-0.4.1+1-py3-none-any.whl",
    "acme_demo-0.4.1.0-py3-none-any.whl",
    "acme_demo-0.4.1.zip",
]


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("wheel", [(), ("--wheel",)])
def test_it_is_refused_before_the_upload(
    index: PackageIndex, capsys: pytest.CaptureFixture[str], other: str, wheel: tuple[str, ...]
) -> None:
    (index.folder / other).write_bytes(b"forged")
    assert cli.main([*PACKAGE, *wheel]) == 1
    assert f"error[digest-mismatch]: {index.url}simple/ has {other} (sha256:" in capsys.readouterr().err
    assert list(index.content()) == [other]


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("other", OTHERS)
def test_it_is_refused_after_the_upload(index: PackageIndex, capsys: pytest.CaptureFixture[str], other: str) -> None:
    """It is uploaded between the look and the upload."""
    index.uploads = iter([Fault(mild=True, inject=lambda: (index.folder / other).write_bytes(b"forged"))])
    assert cli.main([*PACKAGE, "--wheel"]) == 1
    assert f"has {other} (sha256:" in capsys.readouterr().err


@pytest.mark.usefixtures("package")
def test_a_source_distribution_of_somebody_else_is_refused(
    index: PackageIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    (index.folder / "acme_demo-0.4.1.tar.gz").write_bytes(b"forged")
    assert cli.main([*PACKAGE, "--wheel"]) == 1
    assert "error[digest-mismatch]: acme_demo-0.4.1.tar.gz is sha256:" in capsys.readouterr().err
    assert list(index.content()) == ["acme_demo-0.4.1.tar.gz"]


@pytest.mark.usefixtures("package")
def test_other_versions_are_no_obstacle(index: PackageIndex) -> None:
    for name in ("0.4.2-py3-none-any.whl", "0.4.1.dev0+a1-py3-none-any.whl", "0.4.1.post1.tar.gz"):
        (index.folder / f"acme_demo-{name}").write_bytes(b"another version")
    assert cli.main([*PACKAGE, "--wheel"]) == 0


@pytest.mark.parametrize(
    ("version", "name", "expected"),
    [
        ("0.5.0", "acme_rnd_demo-0.5.0-py3-none-any.whl", True),
        ("0.5.0", "ACME.rnd-Demo-0.5.tar.bz2", True),
        ("0.5.0", "acme-rnd-demo-0.5.0-py3.11.egg", True),
        ("0.5.0", "acme-rnd-demo-0.5.0.win-amd64.exe", True),
        ("0.5.0", "acme_rnd_demo-0.5.0.whl", True),
        ("0.5.0", "acme_rnd_demo-0.5.0+zz.tar.gz", True),
        ("0.5.0", "acme_rnd_demo-0.5.1.tar.gz", False),
        ("0.5.0", "acme_rnd_demo-0.5.0rc1.tar.gz", False),
        ("0.5.0", "acme_rnd_demo-10.5.0.tar.gz", False),
        ("0.5.0.dev0+abc", "acme_rnd_demo-0.5.0.dev0+abc-1-py3-none-any.whl", True),
        ("0.5.0.dev0+abc", "acme_rnd_demo-0.5.0.dev0+abd-py3-none-any.whl", False),
    ],
)
def test_which_files_belong_to_a_version(version: str, name: str, expected: bool) -> None:
    assert belongs("acme-rnd-demo", version, name) is expected
