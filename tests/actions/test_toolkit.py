"""How a step of a central action starts `rnd`: in the environment of its image if that is the right one, or by uv."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.helpers.git import git
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BAKED = "/opt/rnd-toolkit"
ECHO = '#!/bin/sh\necho "{name}: $*"\n'
UV = "uv: run --frozen --only-group job"


@dataclass(frozen=True)
class Job:
    """A checkout of the actions and an image, in a folder; the toolkit's place is below it."""

    folder: Path

    @property
    def baked(self) -> Path:
        return self.folder / "image"

    def bake(self, lock: bytes = b"locked", extras: str = "uv release") -> None:
        """Let the image have an environment, made from a lock file."""
        program = self.baked / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.write_text(ECHO.format(name="baked"))
        program.chmod(0o755)
        (self.baked / "lock").write_text(f"{hashlib.sha256(lock).hexdigest()}  -\n")
        (self.baked / "extras").write_text(f"{extras}\n")

    def toolkit(self, *arguments: str) -> str:
        """Return what a step runs."""
        action = self.folder / "checkout" / "actions" / "version"
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        variables = {"PATH": path, "GITHUB_ACTION_PATH": str(action)}
        argv = [f"{action}/../../scripts/toolkit", *arguments]
        return subprocess.run(argv, env=variables, capture_output=True, text=True, check=True).stdout

    def from_image(self, *arguments: str) -> bool:
        """Return whether the environment of the image runs a command, and not uv."""
        said = self.toolkit(*arguments)
        _, _, command = " ".join(arguments).partition("rnd ")
        if said.startswith("baked: "):
            assert said.startswith("baked: -I ")
            assert said.endswith(f"/scripts/run_rnd.py {command}\n"), "the code of the checkout"
            return True
        names = arguments[: arguments.index("rnd")]
        groups = "".join(f" --only-group job-{name}" for name in names if name != "--extra")
        action = self.folder / "checkout" / "actions" / "version"
        code = f"{action}/../../scripts/../scripts/run_rnd.py"
        assert said == f"{UV}{groups} --project {action}/../.. python -I {code} {command}\n"
        return False


@pytest.fixture
def job(tmp_path: Path) -> Job:
    script = (ROOT / "scripts" / "toolkit").read_text(encoding="utf-8")
    assert script.count(BAKED) == 1, "at one place, which nothing in a job's environment changes"
    for path, text in {
        "checkout/scripts/toolkit": script.replace(BAKED, str(tmp_path / "image")),
        "bin/uv": ECHO.format(name="uv"),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
        (tmp_path / path).chmod(0o755)
    (tmp_path / "checkout" / "actions" / "version").mkdir(parents=True)
    (tmp_path / "checkout" / "uv.lock").write_text("locked")
    return Job(tmp_path)


def test_the_environment_of_the_image_is_used(job: Job) -> None:
    job.bake()
    assert job.from_image("rnd", "version", "check")
    assert job.from_image("--extra", "release", "rnd", "version", "set", "1.2.3")
    assert job.from_image("--extra", "release", "--extra", "uv", "rnd", "ci", "install")


def test_an_image_with_another_lock_file_is_not(job: Job) -> None:
    job.bake(b"locked last week")
    assert not job.from_image("--extra", "release", "rnd", "version", "set", "1.2.3")


def test_an_image_without_an_extra_is_not(job: Job) -> None:
    job.bake(extras="uv release-candidate")
    assert not job.from_image("--extra", "uv", "--extra", "release", "rnd", "version", "set", "1.2.3")


def test_a_machine_without_it_installs(job: Job) -> None:
    assert not job.from_image("rnd", "version", "check")
    (job.baked).mkdir()
    (job.baked / "extras").write_text("release\n")  # left by a build that failed
    assert not job.from_image("--extra", "release", "rnd", "version", "check")


def test_the_exit_code_is_that_of_the_command(job: Job) -> None:
    job.bake()
    (job.baked / "bin" / "python").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        job.toolkit("rnd", "version", "check")
    assert failed.value.returncode == 3


def test_no_module_of_the_folder_is_imported(tmp_path: Path) -> None:
    """Steps run in the checkout of a repository, whose files may be named like the modules that rnd imports."""
    for name in ("rnd", "argparse", "yaml", "signal"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('from the repository')\n")
    argv = [sys.executable, "-I", str(ROOT / "scripts" / "run_rnd.py"), "version", "--help"]
    ended = subprocess.run(
        argv, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "rnd version" in ended.stdout


def test_a_command_that_needs_the_standard_library_alone_is_run_by_python(job: Job) -> None:
    """The gate, on a machine that has nothing: neither uv nor an environment of rnd."""
    needs = '{"version": {"result": "success", "outputs": {}}, "image": {"result": "failure", "outputs": {}}}'
    (job.folder / "nothing").mkdir()
    isolated = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "run_rnd.py"), "ci", "gate"]
    failed = subprocess.run([*isolated, needs], env={}, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("error[not-green]: Not green:\n  image: failure\n")
    passed = subprocess.run(
        [*isolated, needs.replace("failure", "success")], env={}, capture_output=True, text=True, check=False
    )
    assert (passed.returncode, passed.stdout) == (0, "job  result\nversion  success\nimage  success\n")
    (job.folder / "bin" / "python3").write_text('#!/bin/sh\n[ "$2" = -c ] || echo "python: $*"\n')
    (job.folder / "bin" / "python3").chmod(0o755)
    said = job.toolkit("--bare", "rnd", "ci", "gate", needs)
    assert said.startswith("python: -I ")
    assert said.endswith(f"/scripts/run_rnd.py ci gate {needs}\n")
    (job.folder / "bin" / "python3").write_text("#!/bin/sh\nexit 1\n")  # too old
    assert job.toolkit("--bare", "rnd", "ci", "gate", needs).startswith(f"{UV} --project ")


# Where the code is that commands of central actions run, and what in it is for a person alone.
OF_JOBS = ("ci", "environments", "github", "organisation", "providers", "publish", "version")
OF_PEOPLE = ("github/sign_in.py",)
NAMES = {"pyyaml": "yaml", "py-rattler": "rattler", "readme-renderer": "readme_renderer"}  # of packages: modules
BROUGHT = {"botocore", "httpx"}  # by boto3 and githubkit


def test_what_jobs_import_is_in_their_groups() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    of_jobs = [entry for name, entries in groups.items() if name.startswith("job") for entry in entries]
    given = {NAMES.get(entry, entry) for entry in of_jobs if isinstance(entry, str)} | BROUGHT
    source = ROOT / "src" / "rnd"
    files = [*source.glob("*.py"), *(file for name in OF_JOBS for file in (source / name).rglob("*.py"))]
    needed = {
        name.partition(".")[0]
        for file in files
        if str(file.relative_to(source)) not in OF_PEOPLE
        for name in imported(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert needed - set(sys.stdlib_module_names) - {"rnd"} <= given


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that a file imports, but for types."""
    if isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        yield tree.module or ""
    for child in ast.iter_child_nodes(tree):
        yield from imported(child)


def test_hadolint_is_not_in_the_image(job: Job) -> None:
    """It is large, and one job of a pull request runs it."""
    job.bake()
    said = job.toolkit("hadolint", "--", "Dockerfile")
    assert said.startswith("uv: run --frozen --only-group hadolint --project ")
    assert said.endswith(" hadolint -- Dockerfile\n")


def test_uv_is_fetched_when_it_is_first_called(tmp_path: Path) -> None:
    """Not by the step that provides it: a job may never call it."""
    scripts, path = tmp_path / "scripts", tmp_path / "path"
    scripts.mkdir()
    (scripts / "install-uv").write_text((ROOT / "scripts" / "install-uv").read_text(encoding="utf-8"))
    (scripts / "install-uv").chmod(0o755)
    fetch = "#!/bin/sh\nmkdir -p $4 && printf '#!/bin/sh\\necho uv: $*' >$4/uv && chmod +x $4/uv && echo fetched\n"
    (tmp_path / "python").write_text(fetch.replace("$4", "$3"))
    (tmp_path / "python").chmod(0o755)
    variables = {"PATH": "/usr/bin:/bin", "GITHUB_PATH": str(path), "PYTHON": str(tmp_path / "python")}
    provide = [str(scripts / "install-uv"), "--for-workflow"]
    assert subprocess.run(provide, env=variables, capture_output=True, check=True).stdout == b""
    uv = f"{path.read_text().strip()}/uv"
    for said in ("fetched\n", ""):
        ended = subprocess.run([uv, "--version"], env=variables, capture_output=True, text=True, check=True)
        assert (ended.stdout, ended.stderr) == ("uv: --version\n", said)


def test_a_job_downloads_no_tests_or_pages() -> None:
    """A runner downloads an archive of this repository; git leaves out of it what has `export-ignore`."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    top = sorted({path.split("/")[0] for path in listed})
    answers = git(ROOT, "check-attr", "export-ignore", "--", *top).splitlines()
    left_out = {answer.split(":")[0] for answer in answers if answer.endswith(": set")}
    assert left_out == {".ci", "benchmarks", "conftest.py", "docs", "packages", "tests"}
