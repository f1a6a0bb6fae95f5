"""Finds the settings that have an endpoint of their own: those that a module of this package lists in `ENDPOINTS`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from rnd.github import settings

if TYPE_CHECKING:
    from rnd.github.settings.setting import Endpoint, RepositoryContext, Setting


@cache
def all_endpoints() -> tuple[Endpoint, ...]:
    """Return the endpoints of all modules, in the order of the modules' names."""
    names = sorted(f"{settings.__name__}.{one.name}" for one in pkgutil.iter_modules(settings.__path__))
    return tuple(one for name in names for one in getattr(import_module(name), "ENDPOINTS", ()))


def own_settings(context: RepositoryContext, *, guard: bool) -> tuple[Setting, ...]:
    """Return the settings that have an endpoint of their own.

    Args:
        context: The repository.
        guard: Return those that org.yml does not set, instead of those that it sets.
    """
    public = context.config.repository.visibility == "public"
    chosen = (one for one in all_endpoints() if one.guard == guard and (one.of_public or not public))
    return tuple(one.setting(context) for one in chosen)
