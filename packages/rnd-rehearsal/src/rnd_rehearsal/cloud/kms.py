"""KMS: signs with imported RSA keys, and gives none of them out.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from rnd_rehearsal.cloud import signing
from rnd_rehearsal.cloud.account import Denied
from rnd_rehearsal.codeartifact import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account

MODEL = ServiceModel(Loader().load_service_model("kms", "service-2"))
TARGET = "TrentService."
RS256 = "RSASSA_PKCS1_V1_5_SHA_256"
LONGEST = 4096  # bytes of a RAW message
BITS = 2048


@dataclass
class Kms:
    """The service.

    Attributes:
        keys: The id of each key, with the key.
        aliases: The key id of each alias.
    """

    account: Account
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict, repr=False)
    aliases: dict[str, str] = field(default_factory=dict)

    def import_key(self, alias: str, pem: str) -> None:
        """Import an RSA key under an alias such as `alias/app`."""
        key = serialization.load_pem_private_key(pem.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != BITS:
            raise ValueError("KMS takes an RSA key of 2048 bits here.")
        number = f"{len(self.keys):08x}-0000-4000-8000-{self.account.number}"
        self.keys[number], self.aliases[alias] = key, number

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        try:
            session = signing.verify(self.account, "kms", method, target, headers, body)
            name = {key.lower(): value for key, value in headers.items()}.get("x-amz-target", "").removeprefix(TARGET)
            if name != "Sign":
                raise Denied("UnknownOperationException", f"{name} is not implemented")
            asked = self._read(body)
            number = self._key(asked["KeyId"])
            names = [alias for alias, key in self.aliases.items() if key == number]
            context = {"kms:ResourceAliases": names, "kms:SigningAlgorithm": asked["SigningAlgorithm"]}
            arn = self.account.arn("kms", f"key/{number}")
            self.account.check(session, "kms:Sign", arn, context)
            if asked["SigningAlgorithm"] != RS256 or asked.get("MessageType", "RAW") != "RAW":
                raise Denied("InvalidKeyUsageException", "Only RS256 over a RAW message is implemented.")
            signature = self.keys[number].sign(asked["Message"], padding.PKCS1v15(), hashes.SHA256())
        except Denied as denied:
            return _say(400, {"__type": denied.code, "message": denied.message})
        encoded = base64.b64encode(signature).decode()
        return _say(200, {"KeyId": arn, "Signature": encoded, "SigningAlgorithm": RS256})

    def _read(self, body: bytes) -> dict[str, Any]:
        shape = MODEL.operation_model("Sign").input_shape
        try:
            asked: dict[str, Any] = json.loads(body)
            asked["Message"] = base64.b64decode(asked["Message"], validate=True)
        except (ValueError, KeyError, TypeError) as error:
            raise Denied("ValidationException", "The request is malformed.") from error
        faults = ["there is no model"] if shape is None else check(asked, shape)
        faults += [] if len(asked["Message"]) <= LONGEST else ["the message is too long"]
        if faults:
            self.account.violations += faults
            raise Denied("ValidationException", "; ".join(faults))
        return asked

    def _key(self, name: str) -> str:
        """Return the id of a key, given its id, its alias, or the ARN of one of them.

        Raises:
            Denied: There is no such key.
        """
        short = name.rpartition(":")[2] if name.startswith("arn:") else name
        number = self.aliases.get(short) if short.startswith("alias/") else short.removeprefix("key/")
        if number not in self.keys:
            raise Denied("NotFoundException", f"Key {name} does not exist")
        return str(number)


def _say(status: int, document: object) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()
