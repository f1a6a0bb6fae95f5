"""Gives a role's credentials to the steps that follow, where the job may ask for an OIDC token to get them with."""

from __future__ import annotations

import os
import re

given = os.environ
# GitHub sets this only for a job with `id-token: write`, and so does the rehearsal's runner.
if "ACTIONS_ID_TOKEN_REQUEST_URL" not in given:
    raise SystemExit("Could not assume the role with OIDC: the job lacks the permission `id-token: write`.")
arn = re.fullmatch(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]+", given["ROLE"])
if arn is None:
    raise SystemExit(f"{given['ROLE']!r} is not the ARN of a role.")
if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", given["REGION"]):
    raise SystemExit(f"{given['REGION']!r} is not an AWS region.")
values = {
    "AWS_ACCESS_KEY_ID": given["RND_REHEARSAL_AWS_KEY"],
    "AWS_SECRET_ACCESS_KEY": given["RND_REHEARSAL_AWS_SECRET"],
    "AWS_REGION": given["REGION"],
    "AWS_DEFAULT_REGION": given["REGION"],
}
print(f"::add-mask::{values['AWS_SECRET_ACCESS_KEY']}")
with open(given["GITHUB_ENV"], "a", encoding="utf-8") as environment:  # noqa: PTH123
    environment.writelines(f"{name}={value}\n" for name, value in values.items())
with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:  # noqa: PTH123
    outputs.write(f"aws-account-id={arn[1]}\n")
