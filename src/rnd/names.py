"""The four names that follow from a project name, and where uv looks for an index's credentials. Touches nothing.

copier.yml derives the same names when it renders, since plain copier has nothing of ours to call; a test holds the
two together. Which project names are allowed is said in one place, `questions/project_name.jinja`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnd.organisation import Organisation


@dataclass(frozen=True)
class Names:
    """The names of one project.

    Attributes:
        repository: Of the GitHub repository, such as `lab-template-test`.
        package: Of the Python package as an index knows it (PEP 503), such as `acme-lab-template-test`.
        image: Of the Docker image; the same as the package's.
        import_name: What Python imports, such as `template_test`.
    """

    repository: str
    package: str
    image: str
    import_name: str


def derive_names(project_name: str, organisation: Organisation) -> Names:
    """Derive the four names from an allowed project name, in lower case throughout."""
    import_name = project_name.lower()
    repository = f"{organisation.repository_prefix}-{import_name.replace('_', '-')}"
    package = f"{organisation.slug}-{repository}"
    return Names(repository, package, package, import_name)


def index_credentials(organisation: Organisation, username: str, password: str) -> dict[str, str]:
    """Return the variables in which uv finds credentials for the organisation's index, as `pyproject.toml` names it.

    See https://docs.astral.sh/uv/concepts/indexes, "Providing credentials directly".
    """
    variable = f"UV_INDEX_{organisation.slug.upper().replace('-', '_')}"
    return {f"{variable}_USERNAME": username, f"{variable}_PASSWORD": password}
