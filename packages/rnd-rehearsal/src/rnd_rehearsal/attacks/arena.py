"""What attackers can reach: the services of a sandbox, and tokens for the jobs that they can start.

Each method behaves as a client would, and raises `Refused` with what the service answered.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from rnd.runners.stack.policies import BROKER_AUDIENCE, STS_AUDIENCE
from rnd_rehearsal.attacks.matrix import Refused
from rnd_rehearsal.package_index import USER
from rnd_rehearsal.rest import Caller, Refusal

if TYPE_CHECKING:
    from rnd.organisation import Organisation
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.package_index import PackageIndex
    from rnd_rehearsal.registry import ImageRegistry

Key = tuple[str, str, str]
# The jobs that may have an identity: event, ref and workflow.
JOBS = {
    "branch": ("push", "refs/heads/change", "build_and_push_docker_image.yml"),
    "pull": ("pull_request", "refs/pull/1/merge", "on_pr.yml"),
    "main": ("push", "refs/heads/main", "build_and_push_docker_image.yml"),
    "release": ("push", "refs/heads/main", "publish_package.yml"),
}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONTRIBUTOR = "carl"  # may push to the repository, and administers none but throw-away ones
QUICK = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=60)


@dataclass
class Arena:
    """A sandbox, as attackers see it.

    Attributes:
        actors: The people and the repository that is attacked, which has released a version.
        registry: The image registry.
        evil: The full name of a throw-away repository of the contributor.
        kept: What one attack got and the next one uses.
    """

    actors: Actors
    registry: ImageRegistry
    evil: str
    kept: dict[str, Any] = field(default_factory=dict)
    _session: boto3.Session = field(default_factory=boto3.Session, repr=False)

    @property
    def organisation(self) -> Organisation:
        """Whose services these are."""
        return self.actors.sandbox.organisation

    @property
    def victim(self) -> str:
        """The full name of the repository that is attacked."""
        return self.actors.repository

    def package(self, repository: str) -> str:
        """Return the name of a repository's package and image."""
        return f"{self.organisation.slug}-{repository.rpartition('/')[2]}"

    def job(self, kind: str = "branch", repository: str | None = None, **changes: str) -> dict[str, str]:
        """Return the claims of a job that may have an identity: see `JOBS`.

        Args:
            kind: Of the job.
            repository: The full name of its repository; the one that is attacked by default.
            changes: Claims that are different; an empty one is left out.
        """
        event, ref, workflow = JOBS[kind]
        claims = {
            "ref": ref,
            "event_name": event,
            "actor": CONTRIBUTOR,
            "run_id": "1",
            "runner_environment": "github-hosted",
            "job_workflow_ref": f"{repository or self.victim}/.github/workflows/{workflow}@{ref}",
        }
        if kind == "release":
            claims["environment"] = self.organisation.github.repository.environment.name
            claims["job_workflow_ref"] = self.central(workflow)
        return {name: value for name, value in (claims | changes).items() if value}

    def central(self, workflow: str, ref: str | None = None) -> str:
        """Return `job_workflow_ref` of a central workflow."""
        full = ref or f"refs/heads/{self.organisation.template.workflow_ref}"
        return f"{self.actors.sandbox.template}/.github/workflows/{workflow}@{full}"

    def token(self, job: dict[str, str], repository: str | None = None, audience: str = BROKER_AUDIENCE) -> str:
        """Return an OIDC token of a job, requested as the job would."""
        given = self.actors.sandbox.hub.id_tokens(repository or self.victim, job)
        headers = {"Authorization": f"bearer {given['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
        address = f"{given['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}"
        with urlopen(Request(address, headers=headers)) as answer:  # noqa: S310 - the fake GitHub
            return str(json.load(answer)["value"])

    def aws(self, service: str, key: Key | None, operation: str, **parameters: object) -> dict[str, Any]:
        """Call a service of AWS; a payload in the answer is read.

        Raises:
            Refused: AWS refuses.
        """
        sandbox = self.actors.sandbox
        endpoint = {"codeartifact": sandbox.index.url.rstrip("/"), "ecr": f"http://{self.registry.host}"}
        key_id, secret, token = key or ("ASIANOBODY", "none", "none")
        client: Any = self._session.client(  # pyrefly: ignore[no-matching-overload]
            service,
            region_name=self.organisation.require_aws().region,
            endpoint_url=endpoint.get(service, f"http://127.0.0.1:{sandbox.cloud.port}"),
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=QUICK,
        )
        with closing(client):
            try:
                answer: dict[str, Any] = getattr(client, operation)(**parameters)
            except ClientError as error:
                raise Refused(f"{service}: {error.response['Error']['Code']}") from error
            if "Payload" in answer:
                answer["Payload"] = json.load(answer["Payload"])
        return answer

    def web(self, role: str, token: str) -> Key:
        """Assume a role with an OIDC token."""
        given = self.aws(
            "sts", None, "assume_role_with_web_identity", RoleArn=role, RoleSessionName="attack", WebIdentityToken=token
        )["Credentials"]
        return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]

    def entry(self, repository: str | None = None, **changes: str) -> Key:
        """Return the credentials of the entry role, which every job with `id-token` can have."""
        job = self.job("branch", repository, **changes)
        return self.web(self.organisation.require_aws().entry_role, self.token(job, repository, STS_AUDIENCE))

    def call(self, event: object, repository: str | None = None) -> dict[str, Any]:
        """Send an event to the broker.

        Raises:
            Refused: It answers with an error.
        """
        payload = json.dumps(event).encode()
        name = self.organisation.require_aws().broker
        answer = self.aws("lambda", self.entry(repository), "invoke", FunctionName=name, Payload=payload)["Payload"]
        if "error" in answer:
            raise Refused(f"broker: {answer['error']['code']}")
        found: dict[str, Any] = answer
        return found

    def identity(self, name: str, job: dict[str, str], repository: str | None = None, token: str | None = None) -> Key:
        """Get an identity from the broker for a job, or for a token that the job shows instead."""
        event = {"identity": name, "token": token or self.token(job, repository)}
        given = self.call(event, repository)["credentials"]
        return given["key_id"], given["secret"], given["token"]

    def own(self, identity: str, repository: str | None = None) -> Key:
        """Return an identity that a contributor can have, obtained once."""
        name = f"{identity} {repository or self.victim}"
        if name not in self.kept:
            kind = {"development": "branch", "candidate": "main", "release": "release"}[identity]
            self.kept[name] = self.identity(identity, self.job(kind, repository), repository)
        key: Key = self.kept[name]
        return key

    def bearer(self, key: Key) -> str:
        """Return a token of the package index."""
        owner, index = self.organisation.require_aws().account, self.organisation.require_codeartifact()
        where = {"domain": index.domain, "domainOwner": owner, "durationSeconds": 900}
        return str(self.aws("codeartifact", key, "get_authorization_token", **where)["authorizationToken"])

    def upload(self, key: Key | None, index: PackageIndex, name: str, file: str) -> object:
        """Upload a file to a package index under a project's name.

        Raises:
            Refused: The index refuses.
        """
        password = "none" if key is None else self.bearer(key)
        line = secrets.token_hex(8)
        fields = {":action": "file_upload", "name": name, "version": file.split("-")[1], "filetype": "bdist_wheel"}
        parts = [f'--{line}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        content = f'Content-Disposition: form-data; name="content"; filename="{file}"'
        parts.append(f"--{line}\r\n{content}\r\n\r\nx\r\n--{line}--")
        basic = base64.b64encode(f"{USER}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": f"multipart/form-data; boundary={line}"}
        return self.send("index", "POST", index.url, headers, "".join(parts).encode())

    def push_image(self, key: Key | None, repository: str, tag: str) -> object:
        """Push an image with one blob, as docker does.

        Raises:
            Refused: The registry refuses.
        """
        root = f"http://{self.registry.host}"
        basic = "QVdTOm5vbmU="
        if key is not None:
            basic = self.aws("ecr", key, "get_authorization_token")["authorizationData"][0]["authorizationToken"]
        signed = {"Authorization": f"Basic {basic}"}
        blob = secrets.token_bytes(16)
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        place = self.send("registry", "POST", f"{root}/v2/{repository}/blobs/uploads/", signed, b"")["location"]
        place = place if place.startswith("http") else root + place
        mark = "&" if "?" in place else "?"
        self.send("registry", "PUT", f"{place}{mark}digest={digest}", signed, blob)
        part = {"mediaType": "application/octet-stream", "digest": digest, "size": len(blob)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": [part]}
        kind = {"Content-Type": MANIFEST}
        address = f"{root}/v2/{repository}/manifests/{tag}"
        return self.send("registry", "PUT", address, signed | kind, json.dumps(manifest).encode())

    def send(self, what: str, method: str, url: str, headers: dict[str, str], body: bytes | None) -> dict[str, str]:
        """Send a request, and return the headers of the answer in lower case.

        Raises:
            Refused: The status is 400 or more.
        """
        try:
            with urlopen(Request(url, body, headers, method=method)) as answer:  # noqa: S310 - a local server
                return {name.lower(): value for name, value in answer.headers.items()}
        except HTTPError as error:
            with error:
                raise Refused(f"{what}: {error.code}") from error

    def github(self, token: str, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Call the API of GitHub.

        Raises:
            Refused: GitHub refuses.
        """
        try:
            return Caller(self.actors.sandbox.hub.api_url, token).ask(method, path, body)
        except Refusal as refusal:
            raise Refused(f"GitHub: {refusal.status}") from refusal
