"""A fake for the two calls of CodeArtifact that lead to a package index, validated against AWS's service model.

That description is the service model which boto3 and the AWS CLI themselves work by; it comes with botocore. Every
request is checked against it, and so is every answer: its members, their types, lengths, patterns and values.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from rnd_rehearsal.cloud import signing
from rnd_rehearsal.cloud.account import Denied

if TYPE_CHECKING:
    from email.message import Message

    from botocore.model import OperationModel, StructureShape

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account

MODEL = ServiceModel(Loader().load_service_model("codeartifact", "service-2"))
OPERATIONS: dict[tuple[str, str], OperationModel] = {
    (operation.http["method"], operation.http["requestUri"]): operation
    for operation in map(MODEL.operation_model, ("GetAuthorizationToken", "GetRepositoryEndpoint"))
}


@dataclass
class CodeArtifact:
    """An account with one domain and one repository.

    Attributes:
        endpoint: The address of the package index that it leads to.
        owner: The account.
        domain: The domain.
        repository: The repository.
        token: What it gives out where there is no account, and what its operator signs in with.
        account: Decides about each call; where there is none, everybody may do everything.
        more: The endpoints of further repositories, by name.
        errors: Names of the errors that it answers with next, such as ThrottlingException.
        calls: The operations that were called, with their parameters.
        violations: What in requests was not as the service model has it.
    """

    endpoint: str
    owner: str
    domain: str
    repository: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(40))
    account: Account | None = None
    more: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str, headers: Message) -> Answer:
        """Answer one request as CodeArtifact would."""
        address = urlsplit(target)
        operation = OPERATIONS.get((method, address.path))
        if operation is None:
            return self._refuse(None, "ResourceNotFoundException", f"{method} {address.path} is not an operation")
        parameters, faults = read_parameters(operation, address.query)
        self.calls.append((operation.name, parameters))
        if faults:
            self.violations += faults
            return self._refuse(operation, "ValidationException", "; ".join(faults))
        if not re.match(r"AWS4-HMAC-SHA256 Credential=\S+/codeartifact/aws4_request, ", headers["Authorization"] or ""):
            return self._refuse(operation, "AccessDeniedException", "the request is not signed")
        try:
            token = self._authorise(operation.name, parameters, method, target, headers)
        except Denied as denied:
            return self._refuse(operation, "AccessDeniedException", denied.message)
        if self.errors:
            return self._refuse(operation, self.errors.pop(0), "as requested by the test")
        known = {"domain": self.domain, "domainOwner": self.owner, "repository": self.repository, "format": "pypi"}
        for name, value in parameters.items():
            if value != known.get(name, value) and not (name == "repository" and value in self.more):
                return self._refuse(operation, "ResourceNotFoundException", f"there is no {name} {value}")
        return self._accept(operation, parameters, token)

    def _authorise(self, operation: str, parameters: dict[str, Any], method: str, target: str, headers: Message) -> str:
        """Check a signed call, and return the token of its signer.

        A token also needs `sts:GetServiceBearerToken`:
        https://docs.aws.amazon.com/codeartifact/latest/ug/auth-and-access-control-permissions-reference.html

        Raises:
            Denied: Nobody known signed it, or IAM refuses it.
        """
        account = self.account
        if account is None:
            return self.token
        session = signing.verify(account, "codeartifact", method, target, dict(headers), b"")
        if operation == "GetRepositoryEndpoint":
            place = f"repository/{parameters['domain']}/{parameters['repository']}"
            account.check(session, f"codeartifact:{operation}", account.arn("codeartifact", place))
            return ""
        account.check(
            session, f"codeartifact:{operation}", account.arn("codeartifact", f"domain/{parameters['domain']}")
        )
        account.check(session, "sts:GetServiceBearerToken", "*", {"sts:AWSServiceName": "codeartifact.amazonaws.com"})
        return account.bearer(session)

    def admits(self, token: str, repository: str, package: str | None) -> str | None:
        """Return why a token may not read a repository, or publish a version of a package to it; None if it may.

        Args:
            token: What a client shows.
            repository: The repository's name.
            package: The normalised name of the package that it publishes; None if it reads.
        """
        account = self.account
        if account is None or token not in account.bearers:
            return "the token is unknown"
        place = f"repository/{self.domain}/{repository}"
        action = "codeartifact:ReadFromRepository"
        if package is not None:
            place, action = f"package/{self.domain}/{repository}/pypi//{package}", "codeartifact:PublishPackageVersion"
        try:
            account.check(account.bearers[token], action, account.arn("codeartifact", place))
        except Denied as denied:
            return denied.message
        return None

    def _accept(self, operation: OperationModel, parameters: dict[str, Any], token: str) -> Answer:
        result: dict[str, Any] = {"repositoryEndpoint": self.more.get(parameters.get("repository", ""), self.endpoint)}
        if operation.name == "GetAuthorizationToken":
            expiration = datetime.now(UTC) + timedelta(seconds=parameters["durationSeconds"])
            result = {"authorizationToken": token, "expiration": expiration}
        if operation.output_shape is not None:
            self.violations += check(result, operation.output_shape)
        return 200, {"Content-Type": "application/json"}, json.dumps(result, default=datetime.timestamp).encode()

    def _refuse(self, operation: OperationModel | None, error: str, message: str) -> Answer:
        shape = MODEL.shape_for(error)
        if operation is not None and error not in {known.name for known in operation.error_shapes}:
            self.violations.append(f"{error} is not an error of {operation.name}")
        content = dict.fromkeys(shape.metadata["required"], message)
        return shape.metadata["error"]["httpStatusCode"], {"x-amzn-errortype": error}, json.dumps(content).encode()


def read_parameters(operation: OperationModel, query: str) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters of a call, and what is wrong with them."""
    shape = operation.input_shape
    if shape is None:
        return {}, []
    members = shape.members
    names = {member.serialization["name"]: name for name, member in members.items()}
    given = dict(parse_qsl(query, keep_blank_values=True))
    parameters: dict[str, Any] = {
        names[key]: int(value) if members[names[key]].type_name == "long" else value
        for key, value in given.items()
        if key in names
    }
    unknown = [f"{key} is not a parameter of {operation.name}" for key in given if key not in names]
    return parameters, unknown + check(parameters, shape)


def check(content: dict[str, Any], shape: StructureShape) -> list[str]:
    """Return what of some content is not as its shape has it."""
    report = ParamValidator().validate(content, shape)
    faults = [report.generate_report()] if report.has_errors() else []
    for name, member in shape.members.items():
        if isinstance(value := content.get(name), str):
            if not re.fullmatch(member.metadata.get("pattern", ".*"), value):
                faults.append(f"{name} is {value!r}, and should match {member.metadata['pattern']}")
            if not len(value) <= member.metadata.get("max", len(value)):
                faults.append(f"{name} is too long")
            if value not in member.metadata.get("enum", [value]):
                faults.append(f"{name} is {value!r}, and should be one of {member.metadata['enum']}")
    return faults
