"""The configuration of the broker, from org.yml. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.runners.stack import names, policies

if TYPE_CHECKING:
    from rnd.organisation import Organisation


def broker_configuration(
    organisation: Organisation, owner_id: str, api: str = "https://api.github.com"
) -> dict[str, Any]:
    """Return what the broker knows: names only, no secret.

    Args:
        organisation: The organisation.
        owner_id: The numeric id of the GitHub organisation.
        api: The address of GitHub's REST API.
    """
    template = names.template_repository(organisation).partition("/")[2]
    clients = organisation.github.apps.model_dump() if organisation.github.apps else {}
    return {
        "api": api,
        "owner": organisation.github.owner,
        "owner_id": owner_id,
        "prefix": organisation.repository_prefix,
        "slug": organisation.slug,
        "protected": sorted({name.lower() for name in (template, *organisation.github.protected_names)}),
        "template": names.template_repository(organisation),
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
