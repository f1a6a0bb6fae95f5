"""`rnd config`: print the values of org.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.options import add_github_output_option, add_json_option

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from rnd.options import Parser


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd config`."""
    add_github_output_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the values of the installed org.yml."""
    from rnd import report
    from rnd.ci import outputs
    from rnd.organisation import load_organisation

    values = load_organisation().model_dump()
    flat = dict(flatten(values))
    if options.github_output:
        names = {name.replace(".", "-").replace("_", "-"): value for name, value in flat.items()}
        outputs.write_outputs(names)
    if options.json:
        report.print_json(values)
    else:
        report.print_table(("key", "value"), list(flat.items()))
    return 0


def flatten(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value with its dotted path, such as `aws.region`; the items of a list are joined with commas."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, ", ".join(map(str, value))
        else:
            yield prefix + name, str(value).lower() if isinstance(value, bool) else str(value)
