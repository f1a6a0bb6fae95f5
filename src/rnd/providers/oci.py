"""Any image registry that implements the OCI distribution specification. Passwords come from the environment.

A job has no identity there: its password is a secret of GitHub, which a workflow passes as RND_REGISTRY_USERNAME and
RND_REGISTRY_PASSWORD.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd.errors import UsageError
from rnd.providers.provider import RegistryAccess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller

HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-fA-F:]+\](:\d+)?")
PATH = re.compile(r"[a-z0-9._/-]*")


class Oci:
    """A registry in which a push creates a missing repository, and which does not restrict tags."""

    creates_on_push = True
    most_floating: int | None = None

    def __init__(self, address: str, environ: Mapping[str, str]) -> None:
        self.address, self.environ = address, environ

    def sign_in(self) -> RegistryAccess:
        """Return the address, and the credentials of the environment.

        Raises:
            UsageError: The address is not `HOST` or `HOST/PATH`.
        """
        host, _, path = self.address.rstrip("/").partition("/")
        if not HOST.fullmatch(host) or not PATH.fullmatch(path):
            raise UsageError(
                "--registry wants HOST or HOST/PATH, without a scheme and without credentials.",
                "Give credentials as RND_REGISTRY_USERNAME and RND_REGISTRY_PASSWORD, in the environment.",
            )
        environ = self.environ
        username, password = environ.get("RND_REGISTRY_USERNAME", ""), environ.get("RND_REGISTRY_PASSWORD", "")
        return RegistryAccess(host, f"{path}/" if path else "", username, password)

    def has_repository(self, name: str, tag: str, moving: Sequence[str]) -> bool:  # noqa: ARG002 - of the protocol
        """Return True: a push creates the repository."""
        return True

    def create_repository(self, name: str, moving: Sequence[str]) -> None:
        """Do nothing: a push creates the repository."""


def image_registry(organisation: Organisation, caller: Caller) -> Oci:
    """Return the organisation's image registry."""
    return Oci(organisation.image_registry.address, caller.environ)
