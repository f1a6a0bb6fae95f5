"""AWS, as the providers and the identities of a job call it: the only caller of boto3.

In a job, `rnd.ci.identity` passes credentials to these functions. Without them, boto3's own chain applies: environment,
SSO session, or the role of the machine. Endpoints can be changed with variables such as AWS_ENDPOINT_URL_ECR.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from rnd.errors import AwsRefused, AwsUnavailable, ExtraMissing
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from boto3 import Session
    from botocore.config import Config
    from botocore.hooks import HierarchicalEmitter
    from botocore.loaders import Loader

    Response = TypeVar("Response")
    Client = TypeVar("Client")

LIFETIME = 900  # seconds; the minimum of CodeArtifact and STS
THROTTLED = 429
# JSON services report throttling with status 400 and one of these error codes.
THROTTLING = {"ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}


@dataclass(frozen=True)
class AwsCredentials:
    """Temporary credentials of a role: id of the key, key, session token. Only the id appears in messages."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


def client(region: str, service: str, credentials: AwsCredentials | None = None) -> Any:  # noqa: ANN401
    """Return a client of a service that has no type stubs here.

    Raises:
        RndError: See `connect`.
    """
    return connect(
        region,
        lambda session, config: session.client(service, config=config),  # pyrefly: ignore[no-matching-overload]
        credentials,
    )


def connect(
    region: str, make: Callable[[Session, Config], Client], credentials: AwsCredentials | None = None
) -> Client:
    """Return a client that does not retry by itself: `call` does, and reports each retry.

    Args:
        region: The region of the service.
        make: Makes the client from a session.
        credentials: Those of a job; by default those that boto3 finds.

    Raises:
        ExtraMissing: boto3 is not installed.
        AwsRefused: The configuration of AWS names a profile or an address that does not exist.
    """
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ExtraMissing.of("release", error.name) from error
    config = Config(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 1})
    key: tuple[str | None, str | None, str | None] = (None, None, None)
    if credentials:
        key = (credentials.key_id, credentials.secret, credentials.token or None)
    try:
        inner = botocore.session.Session(event_hooks=copy(builtin_handlers()), include_builtin_handlers=False)
        loader = _loader(inner.get_config_variable("data_path"))
        inner.register_component("data_loader", loader)
        session = boto3.Session(*key, region, inner)
        loader.search_paths[:] = dict.fromkeys(loader.search_paths)  # each session adds the same path
        return make(session, config)
    except (BotoCoreError, ValueError) as error:  # a profile or an address that does not exist
        raise AwsRefused(f"AWS cannot be called: {error}.") from error


@cache
def _loader(data_path: str | None) -> Loader:
    """Return what reads the descriptions of services, once for all clients: it takes most of the time of making one."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


@cache
def builtin_handlers() -> HierarchicalEmitter:
    """Return botocore's own handlers of events, which each session gets a copy of.

    Registering them takes most of the time of making a session. None belongs to a session: see
    https://github.com/boto/botocore/blob/develop/botocore/session.py, `_register_builtin_handlers`.
    """
    import botocore.session
    from botocore.hooks import HierarchicalEmitter

    handlers = HierarchicalEmitter()
    botocore.session.Session(event_hooks=handlers)
    return handlers


def happens(function: Callable[[], object], unless: str) -> bool:
    """Call AWS; return False if it answers with the error code `unless`, True if it succeeds."""
    from botocore.exceptions import ClientError

    try:
        call(function)
    except AwsRefused as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == unless:
            return False
        raise
    return True


def call(function: Callable[[], Response]) -> Response:
    """Call AWS, again after transient errors, and return its answer.

    Raises:
        AwsRefused: AWS rejected the call, or there are no credentials.
        AwsUnavailable: AWS could not be reached on any attempt.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

    def attempt() -> Response:
        try:
            return function()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            unavailable = status >= 500 or status == THROTTLED or error.response["Error"]["Code"] in THROTTLING
            raise (AwsUnavailable if unavailable else AwsRefused)(f"AWS rejected the call: {error}.") from error
        except (ConnectionError, HTTPClientError) as error:
            raise AwsUnavailable(f"AWS could not be reached: {error}.") from error
        except BotoCoreError as error:
            raise AwsRefused(f"AWS cannot be called: {error}.") from error

    return retry(attempt, AwsUnavailable)
