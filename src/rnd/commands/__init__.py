"""The commands: one module each, imported only when the command runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from rnd.options import Parser, defined_in

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from types import ModuleType
    from typing import NoReturn

# command: its line in `rnd --help`; the module of the same name in `rnd.commands` defines it
COMMANDS = {
    "new": "create a repository: ask, render, set up",
    "setup": "complete the set-up of a repository, or repeat it",
    "update": "bring later template changes into a repository",
    "adopt": "let an existing repository join with one pull request",
    "add": "add a feature such as `gpu` to a repository, or remove it",
    "doctor": "report what is missing on this machine and in the accounts, and how to fix it",
    "version": "derive the next version and explain it; write it, check it",
    "release": "publish what a commit builds: the wheel, the image, the release",
    "github": "sign in to GitHub; compare a repository's settings with org.yml and apply them",
    "fleet": "all repositories together: what differs from org.yml and the newest template",
    "runners": "the machines that run the workflows, and the images on them",
    "ci": "what only a workflow step runs",
    "config": "print the values of org.yml",
    "rehearse": "run a repository's full lifecycle on this machine, with no account",
    "completion": "print the completion script of a shell",
}
# Former names, accepted for one release and hidden from the help.
ALIASES = {"environment": "ci.install", "sign-in": "ci.login", "gate": "ci.gate", "organisation": "config"}
EPILOG = """\
exit codes: 0 done or nothing to do; 1 failed; 2 usage error; 3 a check found a difference; 130 interrupted"""


def build_parser() -> Parser:
    """Return the parser of the command line."""
    parser = Parser(
        prog="rnd",
        description="One command creates a research repository; one more keeps hundreds of them in order.",
        epilog=EPILOG,
    )
    parser.add_argument("-C", dest="directory", metavar="DIR", help="run as if started in DIR")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = {name: (summary, defined_in(f"rnd.commands.{name}")) for name, summary in COMMANDS.items()}
    commands["rehearse"] = (COMMANDS["rehearse"], lambda parser: installed("rehearse").configure(parser))
    hidden = {name: defined_in(f"rnd.commands.{module}") for name, module in ALIASES.items()}
    parser.add_commands("command", commands, hidden)
    return parser


def installed(command: str) -> ModuleType:
    """Return the module of a command that another package provides.

    Where no such package is installed, return a module whose command explains how to get it.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group="rnd.commands", name=command):
        module: ModuleType = entry.load()
        return module
    return importlib.import_module("rnd.commands.not_installed")


class Version(argparse.Action):
    """Print the version and exit."""

    def __call__(self, *_: object) -> NoReturn:
        """Read it from the name of the metadata folder: importlib.metadata would double the start-up time."""
        for folder in filter(os.path.isdir, sys.path):
            for entry in os.scandir(folder):
                if entry.name.startswith("rnd_template-") and entry.name.endswith(".dist-info"):
                    print("rnd", entry.name.removeprefix("rnd_template-").removesuffix(".dist-info"))
                    sys.exit(0)
        sys.exit("rnd is not installed")
