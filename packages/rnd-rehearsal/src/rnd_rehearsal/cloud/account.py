"""An AWS account: its roles, the sessions that STS gives out, and the decision about each call."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rnd_rehearsal.cloud.policy import Decision, Request, Unsupported, decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = dict[str, Any]

EVERYTHING: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class Denied(Exception):
    """IAM refuses a call.

    Attributes:
        code: The error code of AWS.
        message: Why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Role:
    """A role.

    Attributes:
        arn: Its ARN.
        trust: Who can assume it.
        permissions: What it can do; None for nothing.
    """

    arn: str
    trust: Document
    permissions: Document | None

    @property
    def name(self) -> str:
        """The name, without its path."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Session:
    """Temporary credentials, and what they are for.

    Attributes:
        arn: Of the assumed role.
        role: The ARN of the role; empty for the operator of the rehearsal.
        policies: Of the role.
        limit: The session policy.
    """

    arn: str
    role: str
    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: datetime
    policies: Sequence[Document] = ()
    limit: Document | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The three parts, as boto3 takes them."""
        return self.key_id, self.secret, self.token

    def expired(self) -> bool:
        """Return whether the credentials are of no use any more."""
        return datetime.now(UTC) >= self.expires


@dataclass
class Account:
    """An account.

    Attributes:
        number: Twelve digits.
        region: The region of everything in it.
        roles: By ARN.
        sessions: By access key id.
        bearers: The session of each token of CodeArtifact and ECR.
        decisions: Each decision so far: the session, the request, and the outcome.
        violations: What in requests or policies AWS does not know, or this account does not implement.
    """

    number: str
    region: str
    roles: dict[str, Role] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    bearers: dict[str, Session] = field(default_factory=dict, repr=False)
    decisions: list[tuple[str, Request, Decision]] = field(default_factory=list, repr=False)
    violations: list[str] = field(default_factory=list)

    def add(self, arn: str, trust: Document, permissions: Document | None) -> None:
        """Add or replace a role."""
        self.roles[arn] = Role(arn, trust, permissions)

    def give(self, role: Role, name: str, seconds: int, limit: Document | None = None) -> Session:
        """Return new credentials of a role."""
        arn = f"arn:aws:sts::{self.number}:assumed-role/{role.name}/{name}"
        policies = [] if role.permissions is None else [role.permissions]
        return self._keep(arn, role.arn, seconds, policies, limit)

    @cached_property
    def operator(self) -> Session:
        """The credentials of the user who runs the rehearsal, who may do everything. They have no token."""
        made = self._keep(f"arn:aws:iam::{self.number}:user/operator", "", 10**7, [EVERYTHING], None)
        user = replace(made, key_id=f"AKIA{made.key_id[4:]}", token="")
        del self.sessions[made.key_id]
        self.sessions[user.key_id] = user
        return user

    def _keep(self, arn: str, role: str, seconds: int, policies: Sequence[Document], limit: Document | None) -> Session:
        key_id = "ASIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(120)
        session = Session(arn, role, key_id, secret, token, expires, policies, limit)
        self.sessions[key_id] = session
        return session

    def find(self, key_id: str, token: str | None) -> Session:
        """Return the session of an access key.

        Raises:
            Denied: There is none, or it has expired.
        """
        session = self.sessions.get(key_id)
        if session is None or not hmac.compare_digest(session.token.encode(), (token or "").encode()):
            raise Denied("InvalidClientTokenId", "The security token included in the request is invalid.")
        if session.expired():
            raise Denied("ExpiredTokenException", "The security token included in the request is expired.")
        return session

    def check(self, session: Session, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
        """Let a session's call through, or refuse it.

        Args:
            session: Who calls.
            action: As in `ecr:PutImage`.
            resource: The ARN, or `*`.
            context: The condition keys of the call.

        Raises:
            Denied: The role's policies or the session policy do not allow it.
        """
        request = Request(action, resource, context or {})
        decision = self._decide(session, request)
        self.decisions.append((session.arn, request, decision))
        if not decision.allowed:
            message = f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}"
            raise Denied("AccessDeniedException", f"{message} because {decision.reason}")

    def _decide(self, session: Session, request: Request) -> Decision:
        try:
            if session.expired():
                return Decision(False, "the session has expired")
            decision = decide(session.policies, request)
            if decision.allowed and session.limit is not None:
                decision = decide([session.limit], request, "the session policy statements")
        except Unsupported as error:
            self.violations.append(str(error))
            return Decision(False, str(error))
        return decision

    def bearer(self, session: Session) -> str:
        """Return a token for a session, as CodeArtifact and ECR give them out."""
        token = secrets.token_urlsafe(40)
        self.bearers[token] = session
        return token

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.number}:{resource}"
