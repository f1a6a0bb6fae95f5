"""STS: temporary credentials for a role, validated against the service model of botocore.

https://docs.aws.amazon.com/STS/latest/APIReference
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from botocore.loaders import Loader
from botocore.model import ServiceModel

from rnd_rehearsal.cloud import signing
from rnd_rehearsal.cloud.account import Denied
from rnd_rehearsal.cloud.policy import Request, Unsupported, decide, statements
from rnd_rehearsal.codeartifact import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account, Role, Session
    from rnd_rehearsal.cloud.web_identity import IdentityProvider

MODEL = ServiceModel(Loader().load_service_model("sts", "service-2"))
SERVED = ("AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity")
LONGEST = 3600  # seconds: of a role's session by default, and the maximum for a role that a role assumes
POLICY = 2048  # characters of a session policy
WEB, CHAINED = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"
STATUS = {
    "AccessDenied": 403,
    "IDPRejectedClaim": 403,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationTokenException": 403,
    "SignatureDoesNotMatch": 403,
}


@dataclass
class Sts:
    """The service."""

    account: Account
    provider: IdentityProvider

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, asked: dict[str, str]
    ) -> Answer:
        """Answer one request, whose parameters are already read."""
        name = asked.pop("Action", "")
        asked.pop("Version", None)
        try:
            if name not in SERVED:
                raise Denied("InvalidAction", f"Could not find operation {name}")
            operation = MODEL.operation_model(name)
            parameters = self._read(operation, asked)
            if name == "AssumeRoleWithWebIdentity":  # the only operation that is not signed
                result = self._assume_with_web_identity(parameters)
            else:
                session = signing.verify(self.account, "sts", method, target, headers, body)
                result = self._assume(session, parameters) if name == "AssumeRole" else self._identity(session)
        except Denied as denied:
            return _error(denied)
        return _say(200, f"{name}Response", {f"{name}Result": result})

    def _read(self, operation: OperationModel, asked: dict[str, str]) -> dict[str, Any]:
        shape = operation.input_shape
        members = {} if shape is None else shape.members
        unknown = sorted(set(asked) - set(members))
        given: dict[str, Any] = {
            name: int(value) if members[name].type_name == "integer" else value
            for name, value in asked.items()
            if name in members
        }
        faults = [f"{name} is not implemented" for name in unknown] + ([] if shape is None else check(given, shape))
        if faults:
            self.account.violations += faults
            raise Denied("ValidationError", "; ".join(faults))
        return given

    def _assume_with_web_identity(self, asked: dict[str, Any]) -> dict[str, Any]:
        claims = self.provider.verify(asked["WebIdentityToken"])
        principal = "Federated", f"arn:aws:iam::{self.account.number}:oidc-provider/{self.provider.host}"
        request = Request(WEB, "*", self.provider.context(claims), self.provider.keys, principal)
        role = self._trusting(asked["RoleArn"], request, claims["sub"])
        session = self._give(role, asked, LONGEST)
        return {
            **session,
            "SubjectFromWebIdentityToken": claims["sub"],
            "Audience": claims["aud"],
            "Provider": principal[1],
        }

    def _assume(self, session: Session, asked: dict[str, Any]) -> dict[str, Any]:
        arn = asked["RoleArn"]
        try:
            self.account.check(session, CHAINED, arn)
        except Denied as denied:
            raise Denied("AccessDenied", denied.message) from denied
        request = Request(CHAINED, "*", {}, principal=("AWS", session.role))
        return self._give(self._trusting(arn, request, session.arn), asked, LONGEST)

    def _trusting(self, arn: str, request: Request, who: str) -> Role:
        """Return a role if its trust policy accepts a request.

        Raises:
            Denied: It does not, or there is no such role; STS answers both alike.
        """
        role = self.account.roles.get(arn)
        try:
            allowed = role is not None and decide([role.trust], request).allowed
        except Unsupported as error:
            self.account.violations.append(f"{arn}: {error}")
            allowed = False
        if role is None or not allowed:
            raise Denied("AccessDenied", f"{who} is not authorized to perform {request.action} on {arn}: trust policy")
        return role

    def _give(self, role: Role, asked: dict[str, Any], longest: int) -> dict[str, Any]:
        seconds = asked.get("DurationSeconds", LONGEST)
        if seconds > longest:
            raise Denied("ValidationError", f"The requested DurationSeconds exceeds the {longest} of this role.")
        session = self.account.give(role, asked["RoleSessionName"], seconds, _limit(asked.get("Policy")))
        return {
            "Credentials": {
                "AccessKeyId": session.key_id,
                "SecretAccessKey": session.secret,
                "SessionToken": session.token,
                "Expiration": session.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROA{session.key_id[4:]}:{asked['RoleSessionName']}",
                "Arn": session.arn,
            },
        }

    def _identity(self, session: Session) -> dict[str, Any]:
        return {"UserId": session.key_id, "Account": self.account.number, "Arn": session.arn}


def _limit(text: str | None) -> dict[str, Any] | None:
    """Return a session policy, read and checked.

    Raises:
        Denied: It is too long or malformed.
    """
    if text is None:
        return None
    if len(text) > POLICY:
        raise Denied("PackedPolicyTooLarge", f"The session policy has {len(text)} characters; the limit is {POLICY}.")
    try:
        document = json.loads(text)
        statements(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Denied("MalformedPolicyDocument", f"The session policy is malformed: {error}") from error
    return dict(document)


def _error(denied: Denied) -> Answer:
    content = {"Error": {"Type": "Sender", "Code": denied.code, "Message": denied.message}, "RequestId": "rehearsal"}
    return _say(STATUS.get(denied.code, 400), "ErrorResponse", content)


def _say(status: int, name: str, content: dict[str, Any]) -> Answer:
    root = ET.Element(name, xmlns="https://sts.amazonaws.com/doc/2011-06-15/")
    _fill(root, content)
    return status, {"Content-Type": "text/xml"}, ET.tostring(root)


def _fill(element: ET.Element, content: dict[str, Any]) -> None:
    for name, value in content.items():
        child = ET.SubElement(element, name)
        if isinstance(value, dict):
            _fill(child, value)
        else:
            child.text = str(value)
