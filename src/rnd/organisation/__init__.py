"""org.yml: the organisation's values, typed and validated. Reads that one file.

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
from rnd.organisation.forms import Slug, Strict, Text
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
        raise ValueError(f"{name!r} is no time zone of the IANA database, such as Europe/London") from error
    return name


def _private_network(cidr: str) -> str:
    from ipaddress import IPv4Network  # not for every start

    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ValueError(f"{cidr!r} is no IPv4 network, such as 10.64.0.0/16: {error}") from error
    if not network.is_private or not 16 <= network.prefixlen <= 24:
        raise ValueError(f"{cidr} is no private network of /16 to /24, such as 10.64.0.0/16")
    return cidr


class Template(Strict):
    """Where this template lives."""

    repository: Text = Field(description="git address that repositories are made and updated from")
    workflow_ref: Text = Field(description="ref at which repositories call the central workflows", examples=["v1"])


class Python(Strict):
    """Which Pythons a repository may be made for."""

    versions: Annotated[list[PythonVersion], Field(min_length=1)] = Field(
        description="quoted, because YAML reads 3.10 as the number 3.1", examples=[["3.11", "3.12"]]
    )
    default: PythonVersion = Field(description="the answer proposed; one of `versions`")

    @model_validator(mode="after")
    def _default_is_offered(self) -> Python:
        if self.default not in self.versions:
            raise ValueError(f"default must be one of versions: {', '.join(self.versions)}; it is {self.default}")
        return self


class CodeArtifact(Strict):
    """The package index."""

    domain: Slug = Field(description="AWS CodeArtifact domain")
    repository: Slug = Field(description="repository in that domain")


Role = Annotated[str, StringConstraints(pattern=r"\Aarn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+\z")]


class Aws(Strict):
    """The AWS account that publishes packages and images."""

    account: Annotated[str, StringConstraints(pattern=r"\A[0-9]{12}\z")] = Field(
        description="account number, twelve digits, quoted", examples=["123456789012"]
    )
    region: Annotated[str, StringConstraints(pattern=r"\A[a-z]{2}(-[a-z]+)+-[0-9]\z")] = Field(
        description="region", examples=["eu-west-1"]
    )
    codeartifact: CodeArtifact = Field(description="the package index")
    ecr_registry: Text = Field(description="host of the image registry")
    base_image: Annotated[str, StringConstraints(pattern=r"\{version\}")] = Field(
        description="name and tag of the image that jobs run in; {version} stands for the Python version"
    )
    publishing_role: Role = Field(
        description="IAM role that jobs which publish take on, by OpenID Connect",
        examples=["arn:aws:iam::123456789012:role/publishing"],
    )
    reading_role: Role = Field(
        description="IAM role that jobs take on which only install packages of the index, by OpenID Connect",
        examples=["arn:aws:iam::123456789012:role/reading"],
    )


class Docker(Strict):
    """The images that repositories make."""

    base_image: Annotated[str, StringConstraints(pattern=r"\{version\}")] = Field(
        description="what they are built on, any image with Python; {version} stands for the Python version",
        examples=["python:{version}-slim"],
    )


class BusinessHours(Strict):
    """When the extra machines are up, in the runners' time zone."""

    days: Literal["Mon-Fri", "Mon-Sat", "Mon-Sun"] = Field(description="days of the week")
    start: TimeOfDay = Field(description="first minute, HH:MM, quoted")
    end: TimeOfDay = Field(description="last minute, HH:MM, quoted")

    @model_validator(mode="after")
    def _some_hours(self) -> BusinessHours:
        if self.start >= self.end:
            raise ValueError(f"end must be later than start, {self.start}; it is {self.end}")
        return self


class RunnerNetwork(Strict):
    """The network that the machines are in, which is theirs alone."""

    cidr: Annotated[str, AfterValidator(_private_network)] = Field(
        description="private IPv4 network, /16 to /24", examples=["10.64.0.0/16"]
    )
    availability_zones: Annotated[list[Text], Field(min_length=1)] = Field(
        description="zones of the region; more of them, more chance that AWS has a machine free"
    )


class RunnerClass(Strict):
    """One class of machines."""

    labels: Annotated[list[Label], Field(min_length=1)] = Field(description="what a workflow's runs-on names")
    instances: Annotated[list[Text], Field(min_length=1)] = Field(
        description="EC2 instance types, any of which will do"
    )
    gpus: Annotated[int, Field(ge=0)] = Field(description="GPUs that a job gets; all that an instance has")
    disk_gb: Annotated[int, Field(ge=8, le=16384)] = Field(description="disk, in GB")
    always_on: Annotated[int, Field(ge=0)] = Field(description="machines that are always up")
    business_hours_extra: Annotated[int, Field(ge=0)] = Field(description="machines more in business hours")
    maximum: Annotated[int, Field(ge=1)] = Field(description="machines under load; beyond it jobs queue")

    @model_validator(mode="after")
    def _maximum_holds(self) -> RunnerClass:
        least = self.always_on + self.business_hours_extra
        if least > self.maximum:
            raise ValueError(f"maximum must be at least always_on + business_hours_extra = {least}")
        return self


class Prices(Strict):
    """What machines cost. They are list prices; your discounts and another region's prices are yours to put here."""

    currency: Text = Field(description="currency of all prices", examples=["USD"])
    as_of: Text = Field(description="when they held", examples=["2026-11"])
    source: Text = Field(description="where they are from")
    instance_hour: dict[Text, Price] = Field(description="instance type: price of an hour")
    disk_gb_month: Price = Field(description="price of 1 GB of disk for a month")
    fixed_month: dict[Text, Price] = Field(description="what a month costs whether or not there are jobs, item: price")


class Runners(Strict):
    """The machines that run the workflows."""

    timezone: Annotated[str, AfterValidator(_known_timezone)] = Field(
        description="IANA time zone of the business hours", examples=["Europe/London"]
    )
    business_hours: BusinessHours = Field(description="when the extra machines are up")
    network: RunnerNetwork = Field(description="where the machines are")
    classes: Annotated[dict[Slug, RunnerClass], Field(min_length=1)] = Field(
        description="name: class of machines; workflows run on the first"
    )
    prices: Prices = Field(description="what the machines cost")

    @model_validator(mode="after")
    def _prices_are_known(self) -> Runners:
        for name, wanted in self.classes.items():
            for instance in wanted.instances:
                if instance not in self.prices.instance_hour:
                    raise ValueError(f"prices.instance_hour must have the price of {instance}, which {name} names")
        return self


class Organisation(Strict):
    """Everything that differs from one organisation to the next."""

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
        path: The file; the one that this program was installed with when left out.

    Raises:
        OrganisationInvalid: With one line for each fault: where it is, the key, what is wrong, what would be right.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
        twice = list(_repeated_keys(root))
    except OSError as error:
        raise OrganisationInvalid(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OrganisationInvalid(f"{path}: not UTF-8 text, from byte {error.start} on.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OrganisationInvalid(f"{path}:{line}: not valid YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise OrganisationInvalid(f"{path}: not valid YAML: {error}.") from error
    if twice:
        raise OrganisationInvalid("\n".join(f"{path}:{line}: {key} is there twice; keep one" for line, key in twice))
    try:
        return Organisation.model_validate(data)
    except ValidationError as error:
        faults = sorted({(_line(root, fault["loc"]), _explain(fault)) for fault in error.errors()})
        raise OrganisationInvalid("\n".join(f"{path}:{line}: {fault}" for line, fault in faults)) from error


def _repeated_keys(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Yield line and name of each key that its mapping holds already: YAML forbids it, the reader lets it pass."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            yield key.start_mark.line + 1, key.value
        seen.add(key.value)
        yield from _repeated_keys(value)


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the line, from 1, of the key at a location, or of the nearest key above it that is there."""
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
    """Say what is wrong with a key and what would be right."""
    location = fault["loc"]
    key = ".".join(str(part) for part in location if part != "[key]") or "the file"
    model, meaning = _field(location)
    match fault["type"]:
        case "missing":
            return f"{key} is missing; right would be: {meaning}"
        case "extra_forbidden":
            return f"{key} is not a key of org.yml; known here are: {', '.join(model.model_fields)}"
        case "value_error":
            return f"{key}: {fault['ctx']['error']}"
        case "string_pattern_mismatch":
            wrong = "does not have the right form"
        case _:
            wrong = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{key} is {fault['input']!r}: {wrong}; right would be: {meaning}"


def _field(location: tuple[int | str, ...]) -> tuple[type[BaseModel], str]:
    """Return the model that a location leads into, and what the last of its keys means."""
    model: type[BaseModel] = Organisation
    meaning = "keys and values, as in the shipped org.yml"
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            meaning = field.description or meaning
            inner = (field.annotation, *get_args(field.annotation))
            model = next((part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)), model)
    return model, meaning
