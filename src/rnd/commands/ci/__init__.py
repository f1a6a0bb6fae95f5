"""`rnd ci …`: commands that only a workflow step runs."""

from __future__ import annotations

from rnd.options import defined_in

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the commands of `rnd ci`."""
    commands = {name: (summary, defined_in(f"{__name__}.{name}")) for name, summary in SUBCOMMANDS.items()}
    parser.add_commands("subcommand", commands)


SUBCOMMANDS = {
    "install": "install the environment from the lock file, without updating the lock file",
    "login": "give the later steps of a job read access to the organisation's package index",
    "gate": "decide from job results whether a pull request can merge",
}
