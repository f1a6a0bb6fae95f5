"""Value types shared by all sections of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


def _without_outer_spaces(text: str) -> str:
    if text != text.strip():
        raise ValueError("begins or ends with a space")
    return text


def _same_in_yaml(text: str) -> str:
    import yaml  # imported late to keep start-up fast

    from rnd.bounded_yaml import LOADER

    if yaml.load(text, Loader=LOADER) != text:  # noqa: S506 - a safe loader
        raise ValueError(f"YAML does not read {text} as text; choose another name")
    return text


# One line of any text: no control characters, and nothing that YAML or Python takes for the end of a line.
Text = Annotated[
    str,
    StringConstraints(min_length=1, pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+\z"),
    AfterValidator(_without_outer_spaces),
]
# A word that stands without quotes in the YAML files of a repository.
Word = Annotated[
    str, StringConstraints(pattern=r"\A[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\z"), AfterValidator(_same_in_yaml)
]
# A subset of https://git-scm.com/docs/git-check-ref-format that needs no quotes in YAML and a URL.
GitRef = Annotated[
    str,
    StringConstraints(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*\z"),
    AfterValidator(_same_in_yaml),
]
Host = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?\z")]
# An address without credentials, query and fragment; plain http for a server on the same machine only.
Address = Annotated[
    str,
    StringConstraints(
        pattern=r"\A(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?)/[A-Za-z0-9._~/%+-]*\z"
    ),
]
Slug = Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\z", max_length=30)]
GitHubName = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?\z", max_length=39)]
RepositoryName = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9._-]+\z", max_length=100)]
# https://packaging.python.org/en/latest/specifications/name-normalization/, and a name of an image.
PackageName = Annotated[str, StringConstraints(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\z", max_length=100)]
RepositoryUrl = Annotated[
    str, StringConstraints(pattern=r"\A[A-Za-z0-9._~:/@%+-]+[/:][A-Za-z0-9._-]+/[A-Za-z0-9._-]+/?\z")
]
# The characters of https://pkg.go.dev/github.com/distribution/reference, with {version} in the name or the tag.
BaseImage = Annotated[str, StringConstraints(pattern=r"\A[a-z0-9][A-Za-z0-9._:/@-]*\{version\}[A-Za-z0-9._:/@-]*\z")]
Topic = Annotated[str, StringConstraints(pattern=r"\A[a-z0-9][a-z0-9-]*\z", max_length=50)]


class Strict(BaseModel):
    """Base class of all models: unknown keys and implicit conversions are errors, and instances are immutable."""

    # Deferred: a validator of its own for each section, next to that of the whole, would be a tenth of a start.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
