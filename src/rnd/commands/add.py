"""`rnd add`: add a feature of the template to a repository, or remove it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rnd import report
from rnd.options import add_plan_options, select

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd add`."""
    parser.add_argument("feature", metavar="FEATURE", nargs="?", help="a feature that --list prints")
    parser.add_argument("--list", action="store_true", help="print all features, and those of this repository")
    parser.add_argument("--remove", action="store_true", help="remove the feature instead")
    parser.add_argument(
        "--template",
        metavar="SOURCE",
        help="another template than the one in org.yml: an address or a folder you trust",
    )
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Add a feature, remove it, or list all."""
    from pathlib import Path

    from rnd.errors import UsageError
    from rnd.organisation import load_organisation
    from rnd.project.features import FEATURES, plan_feature

    folder = Path.cwd()
    if options.list:
        return _list(folder, as_json=options.json)
    if options.feature is None:
        raise UsageError("No feature is named.", "`rnd add --list` prints all features.")
    published = load_organisation().template.repository
    plan = plan_feature(folder, options.feature, options.template, published, remove=options.remove)
    outcomes = report.carry_out(plan, select(report.Output, options))
    changed = any(outcome.step.key == "feature" and outcome.result == "applied" for outcome in outcomes)
    if changed and not options.json and not options.quiet:
        if not options.remove:
            print(f"\n{FEATURES[options.feature].next_step}")
        print("\nNothing is committed yet. Review the changes with `git diff`, then commit.")
    return 0


def _list(folder: Path, *, as_json: bool) -> int:
    from rnd.answers import ANSWERS_FILE
    from rnd.project.features import FEATURES, read_features

    present = read_features(folder) if (folder / ANSWERS_FILE).exists() else ()
    if as_json:
        rows = {name: {"summary": one.summary, "added": name in present} for name, one in FEATURES.items()}
        print(json.dumps({"features": rows}, indent=2))
        return 0
    for name, one in FEATURES.items():
        print(f"{'✓' if name in present else ' '} {name:<10} {one.summary}")
    return 0
