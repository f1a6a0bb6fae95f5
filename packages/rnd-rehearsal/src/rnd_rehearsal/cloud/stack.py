"""Puts the publishing stack into an account: its roles, its identity provider, the broker, and the keys of the apps.

The policies are those of `rnd.runners.stack.policies`, which the CDK stack deploys; the broker is the code that is
deployed.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fake_github.id_tokens import PROVIDER
from rnd.runners import broker
from rnd.runners.stack import names, policies
from rnd.runners.stack.configuration import broker_configuration
from rnd_rehearsal.cloud import server
from rnd_rehearsal.cloud.account import Account
from rnd_rehearsal.cloud.functions import Function
from rnd_rehearsal.cloud.web_identity import IdentityProvider

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from fake_github import FakeGitHub
    from rnd.organisation import Organisation
    from rnd_rehearsal.cloud.server import Cloud

RELEASE_APP = "rnd-release"  # the slug of the app `release`
APPS = {
    "version": {"contents": "write", "metadata": "read"},
    "release": {"contents": "write", "metadata": "read", "workflows": "write"},
}


@contextmanager
def start(hub: FakeGitHub, organisation: Organisation) -> Generator[Cloud]:
    """Serve an account that trusts the tokens of a fake GitHub, and has nothing else yet."""
    hub.provider.issuer = f"https://{names.ISSUER}"
    audiences = frozenset({policies.STS_AUDIENCE, policies.BROKER_AUDIENCE})
    provider = IdentityProvider(names.ISSUER, audiences, hub.url + PROVIDER)
    with server.serve(
        Account(organisation.require_aws().account, organisation.require_aws().region), provider
    ) as cloud:
        yield cloud


def add_apps(hub: FakeGitHub, owner: str) -> dict[str, tuple[str, str]]:
    """Add the apps of the organisation to a fake GitHub, and return the client id and the key of each."""
    return {name: hub.add_app(f"rnd-{name}", owner, permissions) for name, permissions in APPS.items()}


def deploy(
    cloud: Cloud, hub: FakeGitHub, organisation: Organisation, keys: Mapping[str, str], template_id: str, place: Path
) -> None:
    """Deploy the stack, or deploy it again.

    Args:
        cloud: Where.
        hub: Whose tokens it accepts, and whose apps it signs for.
        organisation: With the client ids of those apps, if there are any.
        keys: The private key of each app.
        template_id: The numeric id of the template's repository.
        place: A folder for the broker's code and log.
    """
    owner = hub.state.organisation(organisation.github.owner)
    if owner is None:
        raise ValueError(f"There is no organisation {organisation.github.owner}.")
    for role in policies.roles(organisation, str(owner.id), template_id).values():
        cloud.account.add(role.arn, role.trust, role.permissions)
    for app, key in keys.items():
        cloud.kms.import_key(names.app_key_alias(organisation, app), key)
    configuration = broker_configuration(organisation, str(owner.id), hub.api_url)
    function = Function(
        organisation.require_aws().broker,
        Path(str(broker.__file__)).parent,
        "broker.handler.handle",
        names.role_arn(organisation, names.broker_role(organisation)),
        {"RND_BROKER": json.dumps(configuration), **cloud.variables},
        place,
    )
    cloud.functions.deploy(function)
