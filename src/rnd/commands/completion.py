"""`rnd completion`: print the completion script of a shell."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    import argparse

    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd completion`."""
    parser.add_argument("shell", choices=("bash", "zsh"), help="the shell")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script; `eval "$(rnd completion bash)"` in a shell's start-up file enables it."""
    import shtab

    from rnd.commands import build_parser

    parser = build_parser()
    parser.define(deeply=True)
    print(shtab.complete(parser, options.shell))
    return 0
