"""STS and Lambda, as a job calls them: assume a role with an OIDC token, call the broker."""

from __future__ import annotations

import json
from contextlib import closing

from rnd.errors import AwsUnavailable
from rnd.providers.aws import LIFETIME, AwsCredentials, call, client


def assume_role(role: str, token: str, session: str, region: str) -> AwsCredentials:
    """Return credentials of a role for an OIDC token, valid for `LIFETIME`.

    See https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html.

    Args:
        role: The ARN of the role.
        token: The OIDC token.
        session: The name of the session, for CloudTrail.
        region: The region whose STS is called.

    Raises:
        RndError: See `rnd.providers.aws`.
    """
    with closing(client(region, "sts")) as sts:
        given = call(
            lambda: sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName=session, WebIdentityToken=token, DurationSeconds=LIFETIME
            )
        )["Credentials"]
    return AwsCredentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def invoke(function: str, payload: object, region: str, credentials: AwsCredentials) -> object:
    """Call a Lambda function and return its answer.

    See https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.

    Raises:
        AwsUnavailable: The function failed, or did not answer on any attempt.
        RndError: See `rnd.providers.aws`.
    """
    with closing(client(region, "lambda", credentials)) as functions:
        given = call(lambda: functions.invoke(FunctionName=function, Payload=json.dumps(payload).encode()))
        answer = given["Payload"].read()
    try:
        if not given.get("FunctionError"):
            return json.loads(answer)
    except ValueError:
        pass
    raise AwsUnavailable(f"The function {function} failed.", "Re-run the job; the log of the function has more.")
