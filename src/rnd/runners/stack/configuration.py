"""The configuration of the broker, from org.yml. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rnd.runners.errors import StackInvalid
from rnd.runners.stack import names, policies

if TYPE_CHECKING:
    from rnd.organisation import Organisation

VARIABLE = "RND_BROKER"  # as `rnd.runners.broker.handler` reads it
# "Total size of all environment variables must not exceed 4 KB":
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_BYTES = 4096


def broker_environment(organisation: Organisation, owner_id: str) -> dict[str, str]:
    """Return the environment variables of the broker.

    Raises:
        StackInvalid: They are larger than Lambda accepts; the deployment would fail halfway.
    """
    text = json.dumps(broker_configuration(organisation, owner_id), separators=(",", ":"))
    size = len(VARIABLE.encode()) + len(text.encode())
    if size > MOST_BYTES:
        raise StackInvalid(
            f"The broker's configuration has {size} bytes, and Lambda accepts {MOST_BYTES}.",
            f"Shorten github.protected_names ({len(organisation.github.protected_names)} names) or aws.adopted in "
            f"org.yml. A name that does not begin with {organisation.repository_prefix}- needs no protection.",
        )
    return {VARIABLE: text}


def broker_configuration(
    organisation: Organisation, owner_id: str, api: str = "https://api.github.com"
) -> dict[str, Any]:
    """Return what the broker knows: names only, no secret.

    Args:
        organisation: The organisation.
        owner_id: The numeric id of the GitHub organisation.
        api: The address of GitHub's REST API.
    """
    template = organisation.template.full_name.partition("/")[2]
    clients = organisation.github.apps.model_dump() if organisation.github.apps else {}
    return {
        "api": api,
        "owner": organisation.github.owner,
        "owner_id": owner_id,
        "prefix": organisation.repository_prefix,
        "slug": organisation.slug,
        "adopted": organisation.require_aws().adopted,
        "protected": sorted({name.lower() for name in (template, *organisation.github.protected_names)}),
        "template": organisation.template.full_name,
        "trusted_runner": "github-hosted" if organisation.runners.trusted_is_hosted else "",
        "packages": names.package_parameters(organisation),
        "place": names.location(organisation),
        "verify": {
            identity: names.role_arn(organisation, names.verify_role(organisation, identity))
            for identity in policies.VERIFIED
        },
        "roles": {
            identity: names.role_arn(organisation, names.wide_role(organisation, identity))
            for identity in policies.IDENTITIES
        },
        "apps": {
            app: {"client_id": client_id, "key": names.app_key_alias(organisation, app)}
            for app, client_id in clients.items()
        },
    }
