"""A stand-in for GitHub on the loopback interface: its API, git over HTTP, its pages, its sign-in, its webhooks.

What it serves is held to GitHub's own description, each request and each response; what it cannot be held to is
written down in `docs/rehearsal-differences.md`.
"""

from fake_github.faults import DROP, Drop, Fault, once, refusal
from fake_github.server import FakeGitHub

__all__ = ["DROP", "Drop", "FakeGitHub", "Fault", "once", "refusal"]
