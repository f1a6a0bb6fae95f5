"""Models and loader of `org.yml`, the configuration of the organisation. Reads that file only.

The models are the schema: `docs/reference/organisation.md` and the JSON Schema for editors are generated from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError, model_validator

from rnd.errors import OrganisationInvalid
from rnd.organisation.conda import Conda  # noqa: TC001 - pydantic resolves it when the class is made
from rnd.organisation.forms import BaseImage, RepositoryUrl, Slug, Strict, Text
from rnd.organisation.github import GitHub  # noqa: TC001 - pydantic resolves it when the class is made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

Label = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z][A-Za-z0-9._-]*\z")]
PythonVersion = Annotated[str, StringConstraints(pattern=r"\A3\.(0|[1-9][0-9]*)\z")]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\z")]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/London") from error
    return name


def _private_network(cidr: str) -> str:
    from ipaddress import IPv4Network  # imported late to keep start-up fast

    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"{cidr!r} is not an IPv4 network, such as 10.64.0.0/16: {error}") from error
    if not network.is_private or not 16 <= network.prefixlen <= 24:
        raise ValueError(f"{cidr} is not a private network of /16 to /24, such as 10.64.0.0/16")
    return cidr


class Template(Strict):
    """Location of this template."""

    repository: RepositoryUrl = Field(description="git URL that repositories are created and updated from")
    workflow_ref: Text = Field(description="git ref at which repositories call the central workflows", examples=["v1"])


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


class CodeArtifact(Strict):
    """The package index."""

    domain: Slug = Field(description="AWS CodeArtifact domain")
    repository: Slug = Field(description="repository in that domain")


Role = Annotated[str, StringConstraints(pattern=r"\Aarn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+\z")]


class Aws(Strict):
    """The AWS account that publishes packages and images."""

    account: Annotated[str, StringConstraints(pattern=r"\A[0-9]{12}\z")] = Field(
        description="account ID: twelve digits, quoted", examples=["123456789012"]
    )
    region: Annotated[str, StringConstraints(pattern=r"\A[a-z]{2}(-[a-z]+)+-[0-9]\z")] = Field(
        description="AWS region", examples=["eu-west-1"]
    )
    codeartifact: CodeArtifact = Field(description="the package index")
    ecr_registry: Text = Field(description="host name of the image registry")
    base_image: BaseImage = Field(
        description="name and tag of the image that jobs run in; {version} is replaced by the Python version"
    )
    publishing_role: Role = Field(
        description="IAM role that publishing jobs assume through OpenID Connect",
        examples=["arn:aws:iam::123456789012:role/publishing"],
    )
    reading_role: Role = Field(
        description="IAM role that jobs assume through OpenID Connect to install packages from the index",
        examples=["arn:aws:iam::123456789012:role/reading"],
    )


class Docker(Strict):
    """The Docker images of repositories."""

    base_image: BaseImage = Field(
        description="base image, any image with Python; {version} is replaced by the Python version",
        examples=["python:{version}-slim"],
    )


class BusinessHours(Strict):
    """When the additional machines run, in the time zone of the runners."""

    days: Literal["Mon-Fri", "Mon-Sat", "Mon-Sun"] = Field(description="days of the week")
    start: TimeOfDay = Field(description="first minute, HH:MM, quoted")
    end: TimeOfDay = Field(description="last minute, HH:MM, quoted")

    @model_validator(mode="after")
    def _some_hours(self) -> BusinessHours:
        if self.start >= self.end:
            raise ValueError(f"end ({self.end}) must be later than start ({self.start})")
        return self


class RunnerNetwork(Strict):
    """The dedicated network of the machines."""

    cidr: Annotated[str, AfterValidator(_private_network)] = Field(
        description="private IPv4 network, /16 to /24", examples=["10.64.0.0/16"]
    )
    availability_zones: Annotated[list[Text], Field(min_length=1)] = Field(
        description="availability zones of the region; with more zones, AWS is more likely to have capacity"
    )


class RunnerClass(Strict):
    """One class of machines."""

    labels: Annotated[list[Label], Field(min_length=1)] = Field(description="labels that workflows use in runs-on")
    instances: Annotated[list[Text], Field(min_length=1)] = Field(
        description="EC2 instance types; AWS starts any of them"
    )
    gpus: Annotated[int, Field(ge=0)] = Field(description="GPUs per job: all GPUs of an instance")
    disk_gb: Annotated[int, Field(ge=8, le=16384)] = Field(description="disk size in GB")
    always_on: Annotated[int, Field(ge=0)] = Field(description="number of machines that always run")
    business_hours_extra: Annotated[int, Field(ge=0)] = Field(description="additional machines during business hours")
    maximum: Annotated[int, Field(ge=1)] = Field(description="maximum number of machines; above it, jobs queue")

    @model_validator(mode="after")
    def _maximum_holds(self) -> RunnerClass:
        least = self.always_on + self.business_hours_extra
        if least > self.maximum:
            raise ValueError(f"maximum must be at least always_on + business_hours_extra = {least}")
        return self


class Prices(Strict):
    """Prices of machines: list prices by default; replace them with your discounts and the prices of your region."""

    currency: Text = Field(description="currency of all prices", examples=["USD"])
    as_of: Text = Field(description="month of the prices", examples=["2026-11"])
    source: Text = Field(description="source of the prices")
    instance_hour: dict[Text, Price] = Field(description="instance type: price per hour")
    disk_gb_month: Price = Field(description="price per GB of disk and month")
    fixed_month: dict[Text, Price] = Field(description="monthly costs that do not depend on jobs, item: price")


class Runners(Strict):
    """The machines that run the workflows."""

    timezone: Annotated[str, AfterValidator(_known_timezone)] = Field(
        description="IANA time zone of the business hours", examples=["Europe/London"]
    )
    business_hours: BusinessHours = Field(description="when the additional machines run")
    network: RunnerNetwork = Field(description="network of the machines")
    classes: Annotated[dict[Slug, RunnerClass], Field(min_length=1)] = Field(
        description="name: class of machines; workflows use the first class"
    )
    prices: Prices = Field(description="prices of the machines")

    @model_validator(mode="after")
    def _prices_are_known(self) -> Runners:
        for name, wanted in self.classes.items():
            for instance in wanted.instances:
                if instance not in self.prices.instance_hour:
                    raise ValueError(f"prices.instance_hour has no price for {instance}, which class {name} uses")
        return self


class Organisation(Strict):
    """All values that differ between organisations."""

    name: Text = Field(description="display name")
    slug: Slug = Field(description="first part of package and image names: a-z, 0-9 and -")
    repository_prefix: Slug = Field(description="first part of repository names: a-z, 0-9 and -")
    copyright: Text = Field(
        description="header of every source file, without a year",
        examples=["Copyright (c) Acme. All rights reserved."],
    )
    license: str = Field(
        default="",
        description="text of LICENSE below the copyright line; empty: that line alone",
        examples=["Proprietary and confidential."],
    )
    template: Template = Field(description="this template")
    github: GitHub = Field(description="owner, teams and settings of the repositories")
    python: Python = Field(description="Python versions")
    conda: Conda = Field(description="conda channels and platforms")
    aws: Aws = Field(description="account, package index and image registry")
    docker: Docker = Field(description="images of repositories")
    runners: Runners = Field(description="machines")


SHIPPED = Path(__file__).with_name("org.yml")


def load_organisation(path: Path = SHIPPED) -> Organisation:
    """Read and validate an organisation file.

    Args:
        path: The file; defaults to the one that is installed with this program.

    Raises:
        OrganisationInvalid: The file is not valid. The message has one line per problem: line number, key, problem and
            expected value.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
        twice = list(_repeated_keys(root))
    except OSError as error:
        raise OrganisationInvalid(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OrganisationInvalid(f"{path}: not valid UTF-8 at byte {error.start}.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OrganisationInvalid(f"{path}:{line}: not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise OrganisationInvalid(f"{path}: not valid YAML: {error}.") from error
    if twice:
        raise OrganisationInvalid("\n".join(f"{path}:{line}: duplicate key {key}" for line, key in twice))
    try:
        return Organisation.model_validate(data)
    except ValidationError as error:
        faults = sorted({(_line(root, fault["loc"]), _explain(fault)) for fault in error.errors()})
        raise OrganisationInvalid("\n".join(f"{path}:{line}: {fault}" for line, fault in faults)) from error


def _repeated_keys(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Yield line and name of each duplicate key; YAML forbids duplicates, but PyYAML accepts them."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            yield key.start_mark.line + 1, key.value
        seen.add(key.value)
        yield from _repeated_keys(value)


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line of the key at a location, or of the nearest enclosing key that exists."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _explain(fault: ErrorDetails) -> str:
    """Return a message with the problem and the expected value of a key."""
    location = fault["loc"]
    key = ".".join(str(part) for part in location if part != "[key]") or "the file"
    model, meaning = _field(location)
    match fault["type"]:
        case "missing":
            return f"{key} is missing; expected: {meaning}"
        case "extra_forbidden":
            return f"{key} is not a key of org.yml; known keys here: {', '.join(model.model_fields)}"
        case "value_error":
            return f"{key}: {fault['ctx']['error']}"
        case "string_pattern_mismatch":
            wrong = "invalid format"
        case _:
            wrong = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{key} is {fault['input']!r}: {wrong}; expected: {meaning}"


def _field(location: tuple[int | str, ...]) -> tuple[type[BaseModel], str]:
    """Return the model at a location, and the description of its last key."""
    model: type[BaseModel] = Organisation
    meaning = "keys and values, as in the installed org.yml"
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            meaning = field.description or meaning
            inner = (field.annotation, *get_args(field.annotation))
            model = next((part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)), model)
    return model, meaning
