"""The subject of the OIDC tokens of jobs; see https://docs.github.com/en/rest/actions/oidc.

The trust policies in AWS match the immutable default form, `repo:OWNER@ID/NAME@ID:…`. A repository from before 15 July
2026 has the former one, in which a name could be taken over, unless it opts in:
https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github.settings.setting import Endpoint, Setting

if TYPE_CHECKING:
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext

WANTED: Values = {"oidc.default_subject": True, "oidc.immutable_subject": True}


def oidc_subject(context: RepositoryContext) -> Setting:
    """Return the setting for the form of the subject."""

    def read() -> Values:
        return found_values(
            context.client.read(lambda kit: kit.rest.actions.get_custom_oidc_sub_claim_for_repo(*context.repository))
        )

    def apply() -> None:
        context.client.send(
            lambda kit: kit.rest.actions.set_custom_oidc_sub_claim_for_repo(
                *context.repository, use_default=True, use_immutable_subject=True
            )
        )

    return Setting("oidc-subject", "Use immutable subjects in OIDC tokens", WANTED, read, apply)


def found_values(document: Document) -> Values:
    """Return the form on GitHub; the prefix shows what the repository inherits from its organisation."""
    inherited = "@" in document.get("sub_claim_prefix", "")
    return {
        "oidc.default_subject": document["use_default"],
        "oidc.immutable_subject": document.get("use_immutable_subject", inherited),
    }


ENDPOINTS = (Endpoint(tuple(WANTED), oidc_subject, guard=True),)
