"""GitHub in a process, for tests: its REST and GraphQL APIs, git over HTTP, web pages, sign-in and webhooks.

The server listens on the loopback interface. It validates each request and response against GitHub's published
OpenAPI description.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_github.faults import DROP, Drop, Fault, once, refusal
    from fake_github.server import FakeGitHub

__all__ = ["DROP", "Drop", "FakeGitHub", "Fault", "once", "refusal"]


def __getattr__(name: str) -> object:
    """Import a public name on first use: pytest loads this package, for its plugin, at every start."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "server" if name == "FakeGitHub" else "faults"
    return getattr(import_module(f"{__name__}.{module}"), name)
