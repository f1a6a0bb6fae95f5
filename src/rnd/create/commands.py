"""The arguments of `rnd new`, `setup`, `update` and `doctor`, and what each calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import process, report

if TYPE_CHECKING:
    import argparse


def configure_doctor(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd doctor`."""
    parser.add_argument("--json", action="store_true", help="report as JSON")
    parser.set_defaults(run=doctor)


def doctor(options: argparse.Namespace) -> int:
    """Report what is installed and what is missing."""
    found = {program: process.find(program) for program in ("git", "uv")}
    if options.json:
        report.print_json(found)
    else:
        report.print_table(["program", "found"], [[program, path or "missing"] for program, path in found.items()])
    return 0 if all(found.values()) else 1


CONFIGURE = {"doctor": configure_doctor}
