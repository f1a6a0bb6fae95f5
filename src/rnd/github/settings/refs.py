"""Rulesets for tags of releases and, in the template's repository, for the branches that repositories call.

See https://docs.github.com/en/rest/repos/rules and, for the patterns,
https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository.
Who can bypass a ruleset can bypass all of its rules, so the rule that one app can bypass has a ruleset of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.github.settings.diff import compare
from rnd.github.settings.ruleset import find_ruleset
from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext
    from rnd.organisation.github import GitHub

VERSIONS = ("refs/tags/[0-9]*", "refs/tags/v[0-9]*")  # every name that `rnd.version.tags` reads as a release

WITHOUT_ID = ("OrganizationAdmin", "DeployKey", "EnterpriseOwner")  # there is one of each, or none is named


@dataclass(frozen=True)
class RefRules:
    """The rules of some refs.

    Attributes:
        key: The name of the ruleset, and the key of the step.
        title: The title of the step.
        target: "tag" or "branch".
        include: Patterns of refs.
        kinds: The types of the rules.
        app: The ID of the app that can bypass them, or None for nobody.
    """

    key: str
    title: str
    target: str
    include: tuple[str, ...]
    kinds: tuple[str, ...]
    app: int | None = None

    def setting(self, context: RepositoryContext) -> Setting:
        """Return the setting for these rules. Further rules of the same ruleset stay."""
        wanted = self.wanted()

        def apply() -> None:
            ruleset = find_ruleset(context, self.key)
            if ruleset is None:
                new = self.body(None)
                ruleset = context.client.create_once(
                    lambda: find_ruleset(context, self.key),
                    lambda kit: kit.rest.repos.create_repo_ruleset(*context.repository, data=new),
                )
            if compare(wanted, self.found(ruleset)):
                changed = self.body(ruleset)
                context.client.send(
                    lambda kit: kit.rest.repos.update_repo_ruleset(*context.repository, ruleset["id"], data=changed)
                )

        return Setting(self.key, self.title, wanted, lambda: self.found(find_ruleset(context, self.key)), apply)

    def wanted(self) -> Values:
        """Return the values that the ruleset has to have."""
        return self._values(self.include, self.kinds, () if self.app is None else (f"app {self.app}",), enforced=True)

    def found(self, ruleset: Document | None) -> Values:
        """Return the values on GitHub."""
        if ruleset is None:
            return {}
        names = (ruleset.get("conditions") or {}).get("ref_name", {})
        excluded = tuple(f"not {name}" for name in names.get("exclude", ()))
        kinds = {rule["type"] for rule in ruleset.get("rules") or ()}
        enforced = ruleset["enforcement"] == "active" and ruleset.get("target") == self.target
        return self._values(
            (*names.get("include", ()), *excluded),
            tuple(kind for kind in self.kinds if kind in kinds),
            tuple(sorted(map(_actor_name, ruleset.get("bypass_actors") or ()))),
            enforced=enforced,
        )

    def body(self, ruleset: Document | None) -> Any:  # noqa: ANN401 - a document of GitHub's
        """Return the body of the request that creates or changes the ruleset."""
        others = [rule for rule in (ruleset or {}).get("rules") or () if rule["type"] not in self.kinds]
        actors = [{"actor_type": "Integration", "actor_id": self.app, "bypass_mode": "always"}]
        return {
            "name": self.key,
            "target": self.target,
            "enforcement": "active",
            "bypass_actors": [] if self.app is None else actors,
            "conditions": {"ref_name": {"include": list(self.include), "exclude": []}},
            "rules": [*({"type": kind} for kind in self.kinds), *others],
        }

    def _values(
        self, include: tuple[str, ...], kinds: tuple[str, ...], bypass: tuple[str, ...], *, enforced: bool
    ) -> Values:
        prefix = self.key.replace("-", "_")
        return {
            f"{prefix}.enforced": enforced,
            f"{prefix}.refs": include,
            f"{prefix}.rules": kinds,
            f"{prefix}.bypass": bypass,
        }


def _actor_name(actor: Document) -> str:
    kind, mode = actor["actor_type"], actor.get("bypass_mode", "always")
    name = f"{'app' if kind == 'Integration' else kind} {actor.get('actor_id')}"
    if kind in WITHOUT_ID:
        name = kind
    return name if mode == "always" else f"{name} ({mode})"


def ref_rules(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return the settings for all refs but `main`."""
    return tuple(one.setting(context) for one in configured_rules(context.config, context.central_ref))


def configured_rules(config: GitHub, central_ref: str | None = None) -> tuple[RefRules, ...]:
    """Return the rules for all refs but `main`: release tags and, in the template's repository, central branches.

    Without the app `release` in org.yml, any job and any writer can create release tags: no rule can tell them apart.
    The template's own release job is in the same position, because it uses GITHUB_TOKEN, which can bypass nothing. So
    the branch of the central workflows can move forward only, by users with write access to the template's repository.
    """
    apps = config.apps
    return rules_for(central_ref, apps.release_id if apps and central_ref is None else None)


def rules_for(central_ref: str | None, app: int | None) -> tuple[RefRules, ...]:
    """Return the rules for all refs but `main`.

    Args:
        central_ref: In the template's own repository, the branch that repositories call; None in all others.
        app: The ID of the app that creates release tags, or None if there is none.
    """
    rules = [RefRules("release-tags", "Keep release tags where they are", "tag", VERSIONS, ("deletion", "update"))]
    if app is not None:
        title = "Let only the release app create release tags"
        rules.append(RefRules("release-tags-creation", title, "tag", VERSIONS, ("creation",), app))
    if central_ref is not None:
        name = f"refs/heads/{central_ref}"
        title = "Let the branch of the central workflows only move forward"
        kinds = ("deletion", "non_fast_forward")
        rules.append(RefRules("central-workflows", title, "branch", (name, f"{name}-*"), kinds))
    return tuple(rules)
