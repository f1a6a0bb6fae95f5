"""Value types shared by all sections of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\A[^\x00-\x1f\x7f]+\z")]
Slug = Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\z", max_length=30)]
GitHubName = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?\z", max_length=39)]
RepositoryName = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9._-]+\z", max_length=100)]
RepositoryUrl = Annotated[str, StringConstraints(pattern=r"\A[^\x00-\x1f\x7f]+[/:][^/:\s]+/[^/:\s]+/?\z")]
BaseImage = Annotated[str, StringConstraints(pattern=r"\A[^{}]*\{version\}[^{}]*\z")]
Topic = Annotated[str, StringConstraints(pattern=r"\A[a-z0-9][a-z0-9-]*\z", max_length=50)]


class Strict(BaseModel):
    """Base class of all models: unknown keys and implicit conversions are errors, and instances are immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
