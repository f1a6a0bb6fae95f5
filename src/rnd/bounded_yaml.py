"""Parse untrusted YAML: limited in size and depth, without aliases. Pure."""

from __future__ import annotations

from typing import Any

import yaml

LONGEST = 100_000  # characters
DEEPEST = 50  # levels
# The loader of libyaml, if this PyYAML has it, is ten times as fast: https://pyyaml.org/wiki/PyYAMLDocumentation
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> object:
    """Parse YAML without aliases: a few nested aliases can exhaust the memory.

    Raises:
        yaml.YAMLError: The text is not YAML, has an alias, or exceeds a limit.
    """
    if len(text) > LONGEST:
        raise yaml.YAMLError(f"it is longer than {LONGEST} characters")
    try:
        _check(text)
        return yaml.load(text, Loader=LOADER)  # noqa: S506 - both are safe loaders
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # `!!timestamp x`, `!!int x`
        raise yaml.YAMLError(f"a value does not match its tag: {error}") from error


def check_depth(text: str) -> None:
    """Refuse YAML that is nested too deeply: libyaml's composer would overflow the stack of the process.

    Raises:
        yaml.YAMLError: The text is not YAML, or exceeds the limit.
    """
    _check(text, aliases=True)


def _check(text: str, *, aliases: bool = False) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) and not aliases:
            raise yaml.YAMLError(f"line {event.start_mark.line + 1 if event.start_mark else 1} has an alias")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"it is deeper than {DEEPEST} levels")
