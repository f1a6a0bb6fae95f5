"""The `python` section of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from rnd.organisation.forms import Strict

PythonVersion = Annotated[str, StringConstraints(pattern=r"\A3\.(0|[1-9][0-9]*)\z")]


class Python(Strict):
    """Python versions that repositories can use."""

    versions: Annotated[list[PythonVersion], Field(min_length=1)] = Field(
        description="available versions; quoted, because YAML reads 3.10 as the number 3.1", examples=[["3.11", "3.12"]]
    )
    default: PythonVersion = Field(description="default answer; one of `versions`")

    @model_validator(mode="after")
    def _default_is_offered(self) -> Python:
        if self.default not in self.versions:
            raise ValueError(f"default must be one of versions ({', '.join(self.versions)}), not {self.default}")
        return self
