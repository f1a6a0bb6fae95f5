"""A repository in which everything that a program could run by mistake leaves a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = (
    "pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "post-checkout", "post-merge", "pre-push",
    "pre-auto-gc", "post-rewrite", "reference-transaction", "post-index-change", "pre-receive", "update",
    "post-receive", "post-update", "push-to-checkout", "proc-receive", "sendemail-validate", "fsmonitor-watchman",
)  # fmt: skip
# Keys of a repository's configuration that name a program.
PROGRAMS = (
    "core.fsmonitor", "core.pager", "core.editor", "core.gitProxy", "core.askPass", "core.alternateRefsCommand",
    "diff.external", "diff.trap.textconv", "diff.trap.command", "filter.trap.clean", "filter.trap.smudge",
    "filter.trap.process", "merge.trap.driver", "gpg.program", "sequence.editor", "interactive.diffFilter",
    "trailer.trap.command", "trailer.trap.cmd", "uploadpack.packObjectsHook", "web.browser", "man.trap.cmd",
    "pager.log", "pager.status", "pager.diff", "gc.recentObjectsHook",
)  # fmt: skip
# Files that a tool runs, or takes a program from.
PYTHON = (
    "setup.py", "conftest.py", "tests/conftest.py", "tests/test_trap.py", "noxfile.py", "tasks.py", "sitecustomize.py",
    "usercustomize.py", "src/sitecustomize.py", "backend.py", "hatch_build.py", "src/aligner/__init__.py",
    "packaging.py", "yaml.py", "ruff.py", "docs/conf.py", "fabfile.py", "dodo.py", "SConstruct", "manage.py",
)  # fmt: skip
SHELL = ("bin/python", "bin/python3", "bin/git", "bin/uv", "bin/ruff", "ruff", "uv", "git", "python", "python3")
# Backends: one in the repository, and one that builds a wheel of static metadata.
IN_TREE = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
STATIC = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
# Where ruff would come from if it counted; a build from it is refused anyway.
OTHER_INDEX = '[[index]]\nurl = "http://127.0.0.1:9/simple"\ndefault = true\n'
MANIFEST = """\
[project]
name = "aligner"
version = "0.3.1"
requires-python = ">=3.9"
readme = "README.md"

[tool.poe.tasks]
build = "touch WITNESS/poe"

"""


def files(witness: Path, system: str) -> dict[str, str]:
    """Return the files; each one that runs writes a file into a folder.

    Args:
        witness: That folder.
        system: The table [build-system].
    """

    def python(name: str) -> str:
        target = str(witness / f"python-{name.replace('/', '-')}")
        return f"open({target!r}, 'w').close()\n"

    def touch(name: str) -> str:
        return f"touch {witness / name}"

    hook = f"id: trap, name: trap, language: system, always_run: true, entry: {touch('hook')}"
    return {
        **{name: python(name) for name in PYTHON},
        **{name: f"#!/bin/sh\n{touch('shell-' + name.replace('/', '-'))}\n" for name in SHELL},
        "pyproject.toml": MANIFEST.replace("WITNESS", str(witness)) + system,
        "README.md": "# Aligner\n",
        "trap.pth": f"import os; os.system({touch('pth')!r})\n",
        "src/trap.pth": f"import os; os.system({touch('pth')!r})\n",
        ".envrc": f"{touch('envrc')}\n",
        "Makefile": f"$(shell {touch('make')})\nall:\n\t{touch('make')}\n",
        "copier.yml": f"_tasks: ['{touch('copier')}']\n_migrations: ['{touch('copier')}']\n",
        ".copier-answers.yml": f"_src_path: .\n_commit: HEAD\n_tasks: ['{touch('answers')}']\n",
        ".pre-commit-config.yaml": f"repos:\n  - repo: local\n    hooks:\n      - {{{hook}}}\n",
        ".python-version": "bin/python\n",
        ".gitattributes": "* filter=trap diff=trap merge=trap\nrelease.txt export-subst\n",
        "release.txt": "$Format:%H$\n",
        ".gitmodules": f'[submodule "trap"]\n\tpath = trap\n\turl = ./trap\n\tupdate = !{touch("submodule")}\n',
        "pip.conf": "[global]\nindex-url = http://127.0.0.1:9/simple\n",
        "requirements-dev.txt": "-e ./local\n",
        "local/setup.cfg": "",
        ".npmrc": "script-shell = ./bin/python\n",
        ".mise.toml": f"[hooks]\nenter = '{touch('mise')}'\n",
        "mypy.ini": "[mypy]\nplugins = backend.py\n",
        **({"uv.toml": OTHER_INDEX} if system == IN_TREE else {}),
        "ruff.toml": "line-length = 100\n",
    }


def make(folder: Path, witness: Path, system: str) -> Path:
    """Make the repository, then set the traps of its configuration; return its folder."""
    witness.mkdir()
    for name, text in files(witness, system).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        if name in SHELL or name in PYTHON:
            (folder / name).chmod(0o755)
    (folder / "trap").mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},trap")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "tag", "v0.3.1")
    for key in PROGRAMS:
        git(folder, "config", key, f"touch {witness / ('config-' + key)};")
    for key, value in (("filter.trap.required", "true"), ("commit.gpgSign", "true"), ("log.showSignature", "true")):
        git(folder, "config", key, value)
    git(folder, "config", "submodule.trap.update", f"!touch {witness / 'submodule'}")
    git(folder, "config", "submodule.trap.url", str(folder))
    git(folder, "config", "submodule.recurse", "true")
    for name in HOOKS:
        hook = folder / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {witness / ('hook-' + name)}\n", encoding="utf-8")
        hook.chmod(0o755)
    for path in witness.iterdir():
        path.unlink()
    return folder
