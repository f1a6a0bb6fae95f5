"""GitHub in a process, for tests: its REST and GraphQL APIs, git over HTTP, web pages, sign-in and webhooks.

The server listens on the loopback interface. It validates each request and response against GitHub's published
OpenAPI description.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_github.clock import Clock, ManualClock
    from fake_github.faults import DROP, AnswerFault, Drop, Fault, null_at, once, once_query, query_error, refusal
    from fake_github.limits import Limits
    from fake_github.server import FakeGitHub

# The modules that have the public names.
MODULES = {
    "clock": ("Clock", "ManualClock"),
    "faults": ("DROP", "AnswerFault", "Drop", "Fault", "null_at", "once", "once_query", "query_error", "refusal"),
    "limits": ("Limits",),
    "server": ("FakeGitHub",),
}
__all__ = [
    "DROP",
    "AnswerFault",
    "Clock",
    "Drop",
    "FakeGitHub",
    "Fault",
    "Limits",
    "ManualClock",
    "null_at",
    "once",
    "once_query",
    "query_error",
    "refusal",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use: pytest loads this package, for its plugin, at every start."""
    module = next((module for module, names in MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
