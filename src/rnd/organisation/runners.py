"""The `runners` section of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from rnd.organisation.forms import Slug, Strict, Text, Word

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

    labels: Annotated[list[Word], Field(min_length=1)] = Field(description="labels that workflows use in runs-on")
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
    trusted: Annotated[list[Word], Field(min_length=1)] = Field(
        description="labels of the machines for jobs that hold an identity and run no code of a repository",
        examples=[["ubuntu-latest"]],
    )
    prices: Prices = Field(description="prices of the machines")

    @property
    def trusted_is_hosted(self) -> bool:
        """Whether GitHub hosts the trusted machines: their labels name neither `self-hosted` nor a class of ours."""
        own = {"self-hosted", *(label for one in self.classes.values() for label in one.labels)}
        return own.isdisjoint(self.trusted)

    @model_validator(mode="after")
    def _trusted_is_apart(self) -> Runners:
        name, first = next(iter(self.classes.items()))
        if set(self.trusted) <= set(first.labels):
            raise ValueError(f"trusted also selects the machines of class {name}, which run the code of repositories")
        return self

    @model_validator(mode="after")
    def _prices_are_known(self) -> Runners:
        for name, wanted in self.classes.items():
            for instance in wanted.instances:
                if instance not in self.prices.instance_hour:
                    raise ValueError(f"prices.instance_hour has no price for {instance}, which class {name} uses")
        return self
