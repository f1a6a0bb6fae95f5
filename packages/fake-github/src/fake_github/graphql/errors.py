"""Errors of resolvers: GitHub's own, and what the fake GitHub does not model. Touches nothing."""

from __future__ import annotations


class Problem(Exception):
    """An error that GitHub answers beside partial data.

    Args:
        type: GitHub's word for it, as `NOT_FOUND`.
        message: In GitHub's words.
    """

    def __init__(self, type: str, message: str) -> None:  # noqa: A002 - GitHub's name
        super().__init__(message)
        self.type = type


class Unmodelled(Exception):
    """Something that GitHub has and the fake GitHub does not."""
