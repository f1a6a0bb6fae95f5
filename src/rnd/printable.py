"""Text of others, such as the version in a manifest: printed without what steers a terminal or a workflow. Pure.

A terminal executes escape sequences: one writes the clipboard, and others hide text. GitHub's runner executes commands
in the output of a step: `::name::value` at the start of a line, and `##[name]value` anywhere in it, so that a line
break and `::set-output name=x::y` in somebody's text sets an output of the step:
https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
"""

from __future__ import annotations

import re

# All controls but the tab and the end of a line, and what changes the direction of text.
CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
AT_THE_START = re.compile(r"(?m)^(\s*)::")
ANYWHERE = "##["


def printable(text: str) -> str:
    """Return a text in which controls are replaced and workflow commands are broken; the rest stays as it is."""
    visible = CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return AT_THE_START.sub(r"\1: :", visible).replace(ANYWHERE, "## [")
