"""AWS Secrets Manager: what the External Secrets operator will read there.

One secret for each Kubernetes Secret, a JSON object with one property for each key. Values go out
over TLS and nowhere else: no message of this module shows one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tutoraspects.errors import AspectsError

Document = dict[str, Any]
Values = dict[str, str]

# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
MAXIMUM_BYTES = 65_536
# Label of a version that is written and not in force yet.
_PENDING = "ASPECTSPENDING"
_CURRENT = "AWSCURRENT"
_INSTALL = "pip install 'tutor-contrib-aspects-cluster[gitops]'"


@dataclass(frozen=True)
class Remote:
    """A secret in AWS as it was read; `version` is empty when there is none of that name."""

    name: str
    values: Mapping[str, str]
    version: str = ""


@dataclass(frozen=True)
class Comparison:
    """Keys of one secret, by how this configuration and AWS differ."""

    name: str
    missing: tuple[str, ...]  # here and not there
    different: tuple[str, ...]
    equal: tuple[str, ...]
    unknown: tuple[str, ...]  # there and not here: nobody's business

    @property
    def complete(self) -> bool:
        return not self.missing and not self.different


@dataclass(frozen=True)
class Push:
    """What would be written into one secret: keys that are added, and keys that are replaced."""

    comparison: Comparison
    remote: Remote
    values: Mapping[str, str]
    added: tuple[str, ...]
    replaced: tuple[str, ...]

    @property
    def needed(self) -> bool:
        return bool(self.added or self.replaced)


class Store:
    """The Secrets Manager of one region, with the credentials that boto3 finds.

    AWS_ENDPOINT_URL leads it elsewhere. Raises AspectsError without boto3, and when boto3 makes
    nothing of the region or of the variables AWS_*.
    """

    def __init__(self, region: str) -> None:
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
        except ImportError as error:
            raise AspectsError(
                f"AWS Secrets Manager needs boto3, which is not installed: run `{_INSTALL}`."
            ) from error
        self.region = region
        try:
            self._client = boto3.client("secretsmanager", region_name=region)
        except (BotoCoreError, ValueError) as error:
            raise AspectsError(
                f"AWS Secrets Manager in {region} cannot be asked ({str(error).rstrip('.')}): "
                "correct ASPECTS_SECRETS_REGION, AWS_PROFILE or AWS_ENDPOINT_URL."
            ) from error

    def read(self, name: str) -> Remote:
        """The version in force. Raises AspectsError when it is no JSON object of texts."""
        with self._explained(name):
            try:
                answer = self._client.get_secret_value(SecretId=name, VersionStage=_CURRENT)
            except self._client.exceptions.ResourceNotFoundException:
                return Remote(name, {})
        try:
            values = json.loads(answer.get("SecretString", ""))
        except ValueError:
            values = None
        if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
            raise AspectsError(
                f"The secret {name} in {self.region} is no JSON object of texts and not of this "
                "plugin: choose another ASPECTS_SECRETS_PREFIX."
            )
        return Remote(name, values, answer["VersionId"])

    def write(self, remote: Remote, values: Mapping[str, str]) -> None:
        """Replace the version that was read, and no other.

        Raises AspectsError when somebody else wrote in between; theirs then stays in force.
        """
        text = json.dumps(dict(sorted(values.items())), ensure_ascii=False)
        if len(text.encode()) > MAXIMUM_BYTES:
            raise AspectsError(
                f"The secret {remote.name} would have {len(text.encode()):,} bytes and AWS takes "
                f"{MAXIMUM_BYTES:,}: shorten RALPH_EXTRA_SETTINGS."
            )
        with self._explained(remote.name):
            if not remote.version:
                try:
                    self._client.create_secret(Name=remote.name, SecretString=text)
                except self._client.exceptions.ResourceExistsException as error:
                    raise _overtaken(remote.name) from error
                return
            made = self._client.put_secret_value(
                SecretId=remote.name, SecretString=text, VersionStages=[_PENDING]
            )
            try:
                # Fails unless the version that was read still holds the label.
                self._client.update_secret_version_stage(
                    SecretId=remote.name,
                    VersionStage=_CURRENT,
                    MoveToVersionId=made["VersionId"],
                    RemoveFromVersionId=remote.version,
                )
            except self._client.exceptions.InvalidParameterException as error:
                raise _overtaken(remote.name) from error

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Errors of AWS in one sentence."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "InvalidRequestException":
                raise AspectsError(
                    f"The secret {name} in {self.region} is about to be deleted: run `aws "
                    f"secretsmanager restore-secret --region {self.region} --secret-id {name}`."
                ) from error
            raise AspectsError(
                f"AWS refuses the secret {name} in {self.region} ({code}): look at the policy of "
                "`aws sts get-caller-identity`."
            ) from error
        except BotoCoreError as error:
            raise AspectsError(
                f"AWS Secrets Manager in {self.region} cannot be asked for {name} "
                f"({type(error).__name__}): run `aws configure`, or set AWS_PROFILE."
            ) from error


def wanted(documents: Sequence[Document]) -> dict[str, Values]:
    """The values of every Secret among the documents, by its name."""
    found: dict[str, Values] = {}
    for document in documents:
        if document.get("kind") == "Secret":
            values = {key: str(value) for key, value in (document.get("stringData") or {}).items()}
            for key, encoded in (document.get("data") or {}).items():
                values[key] = base64.b64decode(encoded).decode()
            found[str(document["metadata"]["name"])] = values
    return found


def compare(values: Mapping[str, str], remote: Remote) -> Comparison:
    """How a secret differs from what it should hold."""
    there = remote.values
    return Comparison(
        remote.name,
        missing=tuple(key for key in values if key not in there),
        different=tuple(key for key in values if key in there and there[key] != values[key]),
        equal=tuple(key for key in values if there.get(key) == values[key]),
        unknown=tuple(key for key in there if key not in values),
    )


def plan(
    values: Mapping[str, str], remote: Remote, keys: Collection[str] = (), force: bool = False
) -> Push:
    """What to write: keys that are missing, and those that differ and may be replaced.

    `keys` may be replaced, with what follows from them; `force` allows all. Without either, a key
    that differs is an AspectsError: the value in AWS may be the newer one.
    """
    unknown = sorted(set(keys) - set(values))
    if unknown:
        raise AspectsError(
            f"{unknown[0]} is no key of {remote.name}: `tutor aspects secrets check` lists them."
        )
    comparison = compare(values, remote)
    allowed = set(values) if force else companions(values, keys)
    if comparison.different and not allowed:
        raise AspectsError(
            f"Nothing was written, because {', '.join(comparison.different)} of {remote.name} in "
            "AWS differ from this configuration and may be newer: replace them with "
            f"`tutor aspects secrets push --key {comparison.different[0]}` or `--force`, or take "
            "the values from AWS into config.yml."
        )
    replaced = tuple(key for key in comparison.different if key in allowed)
    written = {key: values[key] for key in (*comparison.missing, *replaced)}
    merged = {**remote.values, **written}
    return Push(comparison, remote, merged, comparison.missing, replaced)


def companions(values: Mapping[str, str], keys: Collection[str]) -> set[str]:
    """The keys, and those that hold hashes of their values: a password never changes alone."""
    hashes = {hashlib.sha256(values[key].encode()).hexdigest() for key in keys}
    together = set(keys) | {key for key, value in values.items() if value in hashes}
    if any(key.startswith("RALPH_") and key.endswith("_PASSWORD") for key in keys):
        together |= {"ralph-auth.json"} & set(values)
    return together


def _overtaken(name: str) -> AspectsError:
    return AspectsError(
        f"Somebody else changed the secret {name} at the same moment, and theirs is in force: run "
        "`tutor aspects secrets check`."
    )
