"""`rnd rehearse` where the package that provides it is not installed: explain how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse

    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Accept any arguments, so that the explanation is the only error."""
    parser.add_argument("arguments", nargs="*", help="see the package rnd-rehearsal")
    parser.prefix_chars = "\0"  # options count as arguments
    parser.set_defaults(run=rehearse)


def rehearse(_: argparse.Namespace) -> NoReturn:
    """Explain what is missing.

    Raises:
        ExtraMissing: Always.
    """
    from rnd.errors import ExtraMissing

    raise ExtraMissing(
        "The package rnd-rehearsal is not installed.",
        "Run it from the template's checkout: `uv run --extra rehearsal rnd rehearse`, or `make rehearse`.",
    )
