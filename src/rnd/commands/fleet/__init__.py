"""`rnd fleet …`: see all repositories of the organisation, plan their settings, apply them."""

from __future__ import annotations

from rnd.options import defined_in

TYPE_CHECKING = False  # importing typing would add 2 ms to every start
if TYPE_CHECKING:
    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the commands of `rnd fleet`."""
    commands = {name: (summary, defined_in(f"{__name__}.{name}")) for name, summary in SUBCOMMANDS.items()}
    parser.add_commands("subcommand", commands)


SUBCOMMANDS = {
    "status": "report how all repositories differ from org.yml and from the newest template",
    "plan": "report what `rnd fleet apply` would change, and what that takes",
    "apply": "bring the settings of all repositories in order, or apply a plan",
    "audit": "report known vulnerabilities in what the repositories lock",
    "update": "bring the pull requests with releases of the template one tick further",
    "promote": "give a release of the template and its actions to the next ring",
    "rollback": "take a release back from all rings, with one commit for each branch",
}
