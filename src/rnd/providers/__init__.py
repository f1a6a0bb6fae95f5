"""Sign-in for the organisation's package index and image registry: one module per provider.

Modules are found by the name of the provider in org.yml. A provider is a model in `rnd.organisation.package_index` or
`rnd.organisation.image_registry`, and a module here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller, ImageRegistry, PackageIndex


def package_index(organisation: Organisation, caller: Caller) -> PackageIndex:
    """Return the organisation's package index, as a caller reaches it."""
    module = import_module(f"{__name__}.{organisation.package_index.provider}")
    index: PackageIndex = module.package_index(organisation, caller)
    return index


def is_own_index(organisation: Organisation, host: str) -> bool:
    """Return whether an index at a host, in lower case, is the organisation's."""
    module = import_module(f"{__name__}.{organisation.package_index.provider}")
    return bool(module.is_own(organisation.package_index, host))


def image_registry(organisation: Organisation, caller: Caller) -> ImageRegistry:
    """Return the organisation's image registry, as a caller reaches it."""
    module = import_module(f"{__name__}.{organisation.image_registry.provider}")
    registry: ImageRegistry = module.image_registry(organisation, caller)
    return registry
