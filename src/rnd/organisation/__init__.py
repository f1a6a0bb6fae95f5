"""`org.yml`, the configuration of the organisation: one module per section, the whole, its loading, its messages."""

from rnd.organisation.aws import Aws
from rnd.organisation.image_registry import Ecr, OciRegistry
from rnd.organisation.loading import SHIPPED, load_organisation
from rnd.organisation.model import Docker, Organisation, Template
from rnd.organisation.package_index import CodeArtifact, IndexAddresses, SimpleIndex
from rnd.organisation.python import Python
from rnd.organisation.runners import BusinessHours, Prices, RunnerClass, RunnerNetwork, Runners

__all__ = [
    "SHIPPED",
    "Aws",
    "BusinessHours",
    "CodeArtifact",
    "Docker",
    "Ecr",
    "IndexAddresses",
    "OciRegistry",
    "Organisation",
    "Prices",
    "Python",
    "RunnerClass",
    "RunnerNetwork",
    "Runners",
    "SimpleIndex",
    "Template",
    "load_organisation",
]
