"""`org.yml`, the configuration of the organisation: one module per section, the whole, its loading, its messages."""

from rnd.organisation.aws import Aws, CodeArtifact
from rnd.organisation.loading import SHIPPED, load_organisation
from rnd.organisation.model import Docker, Organisation, Template
from rnd.organisation.python import Python
from rnd.organisation.runners import BusinessHours, Prices, RunnerClass, RunnerNetwork, Runners

__all__ = [
    "SHIPPED",
    "Aws",
    "BusinessHours",
    "CodeArtifact",
    "Docker",
    "Organisation",
    "Prices",
    "Python",
    "RunnerClass",
    "RunnerNetwork",
    "Runners",
    "Template",
    "load_organisation",
]
