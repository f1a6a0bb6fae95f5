"""The base image: built once and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rnd.errors import RndError
from rnd_rehearsal.base_image import prepare_base_image

# Takes its time, as the real one does, and says that it was called.
MMDEBSTRAP = """\
#!/bin/sh
for made; do :; done
echo "$made" >>"$0.log"
sleep 0.3
echo a base >"$made"
"""
ASK = """\
import sys
from pathlib import Path
from rnd_rehearsal.base_image import prepare_base_image
print(prepare_base_image(Path(sys.argv[1])))
"""


@pytest.fixture
def mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of mmdebstrap."""
    program = tmp_path / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text(MMDEBSTRAP)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return program


def test_it_is_made_once(mmdebstrap: Path, tmp_path: Path) -> None:
    made = prepare_base_image(tmp_path / "cache")
    assert prepare_base_image(tmp_path / "cache") == made
    assert sorted(path.name for path in made.iterdir()) == ["Dockerfile", "base.tar", "certificates.crt"]
    assert len(Path(f"{mmdebstrap}.log").read_text().splitlines()) == 1


@pytest.mark.skipif("os.geteuid() != 0", reason="needs root")
def test_processes_that_ask_at_once_wait_for_one_another(mmdebstrap: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(tmp_path / "cache")]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({process.communicate()[0] for process in asking}) == 1
    assert len(Path(f"{mmdebstrap}.log").read_text().splitlines()) == 1


def test_half_of_one_is_never_taken_for_whole(mmdebstrap: Path, tmp_path: Path) -> None:
    whole = mmdebstrap.read_text()
    mmdebstrap.write_text(whole + "exit 1\n")
    with pytest.raises(RndError):
        prepare_base_image(tmp_path / "cache")
    mmdebstrap.write_text(whole)
    assert (prepare_base_image(tmp_path / "cache") / "base.tar").read_text() == "a base\n"


@pytest.mark.skipif("os.geteuid() != 0", reason="needs root")
def test_what_a_killed_one_has_mounted_ends_with_it(mmdebstrap: Path, tmp_path: Path) -> None:
    """The real one mounts /dev/shm into its folder. To remove that folder would remove the files of all programs."""
    own, inside = tmp_path / "own", tmp_path / "inside"
    for folder in (own, inside):
        folder.mkdir()
    (own / "file").touch()
    mmdebstrap.write_text(f"#!/bin/sh\nmount --bind {own} {inside} && test -e {inside}/file && kill -9 $$\n")
    with pytest.raises(RndError, match="-9"):
        prepare_base_image(tmp_path / "cache")
    assert list(inside.iterdir()) == []
