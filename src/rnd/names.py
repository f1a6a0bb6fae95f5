"""The four names derived from a project name, and uv's variables for the credentials of an index. No side effects.

copier.yml derives the same names, because plain copier cannot call this module; a test compares the two. The rules for
project names are in `questions/project_name.jinja`.
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
        repository: Name of the GitHub repository, such as `lab-template-test`.
        package: Normalised name of the Python package (PEP 503), such as `acme-lab-template-test`.
        image: Name of the Docker image; the same as `package`.
        import_name: Name of the Python module, such as `template_test`.
    """

    repository: str
    package: str
    image: str
    import_name: str


def derive_names(project_name: str, organisation: Organisation) -> Names:
    """Derive the four names from a valid project name; all are lower case."""
    import_name = project_name.lower()
    repository = f"{organisation.repository_prefix}-{import_name.replace('_', '-')}"
    package = f"{organisation.slug}-{repository}"
    return Names(repository, package, package, import_name)


def index_credentials(organisation: Organisation, username: str, password: str) -> dict[str, str]:
    """Return the variables from which uv reads the credentials of the organisation's index in `pyproject.toml`.

    See https://docs.astral.sh/uv/concepts/indexes, "Providing credentials directly".
    """
    variable = f"UV_INDEX_{organisation.slug.upper().replace('-', '_')}"
    return {f"{variable}_USERNAME": username, f"{variable}_PASSWORD": password}
