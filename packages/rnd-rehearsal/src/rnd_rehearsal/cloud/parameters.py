"""SSM's parameter store: keeps texts by name, and replaces one only on request.

https://docs.aws.amazon.com/systems-manager/latest/APIReference, GetParameter and PutParameter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from rnd_rehearsal.cloud import signing
from rnd_rehearsal.cloud.account import Denied
from rnd_rehearsal.codeartifact import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account

MODEL = ServiceModel(Loader().load_service_model("ssm", "service-2"))
TARGET = "AmazonSSM."


@dataclass
class Parameters:
    """The service.

    Attributes:
        values: The value of each parameter, by name.
    """

    account: Account
    values: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        try:
            session = signing.verify(self.account, "ssm", method, target, headers, body)
            name = {key.lower(): value for key, value in headers.items()}.get("x-amz-target", "").removeprefix(TARGET)
            if name not in {"GetParameter", "PutParameter"}:
                raise Denied("UnknownOperationException", f"{name} is not implemented")
            asked = self._read(name, body)
            arn = self.account.arn("ssm", f"parameter{asked['Name']}")
            self.account.check(session, f"ssm:{name}", arn)
            with self._lock:
                document = self._get(asked["Name"]) if name == "GetParameter" else self._put(asked)
        except Denied as denied:
            return _say(400, {"__type": denied.code, "message": denied.message})
        return _say(200, document)

    def _get(self, name: str) -> dict[str, Any]:
        if name not in self.values:
            raise Denied("ParameterNotFound", "")
        return {"Parameter": {"Name": name, "Type": "String", "Value": self.values[name], "Version": 1}}

    def _put(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["Name"] in self.values and not asked.get("Overwrite", False):
            raise Denied("ParameterAlreadyExists", "The parameter already exists.")
        self.values[asked["Name"]] = asked["Value"]
        return {"Version": 1, "Tier": "Standard"}

    def _read(self, name: str, body: bytes) -> dict[str, Any]:
        shape = MODEL.operation_model(name).input_shape
        try:
            asked: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise Denied("ValidationException", "The request is malformed.") from error
        faults = ["there is no model"] if shape is None else check(asked, shape)
        if faults or not str(asked.get("Name", "")).startswith("/"):
            self.account.violations += faults
            raise Denied("ValidationException", "; ".join(faults) or "The name has no path.")
        return asked


def _say(status: int, document: object) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()
