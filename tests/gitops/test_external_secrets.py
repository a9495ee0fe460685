"""References in the place of secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops.conftest import Exported
from tests.helpers import dummy_secrets
from tests.validation import Document, schema_errors
from tutoraspects.gitops import external_secrets, leaks

SETTINGS: dict[str, Any] = {
    "ASPECTS_SECRETS_REGION": "eu-central-1",
    "ASPECTS_SECRETS_PREFIX": "campus/production",
    "ASPECTS_SECRETS_ROLE_ARN": "",
    "ASPECTS_SECRETS_REFRESH_MINUTES": 30,
    "ASPECTS_SECRET_STORE": "analytics",
    "ASPECTS_SECRET_STORE_CREATE": True,
    "K8S_NAMESPACE": "openedx",
}
SECRET: Document = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "aspects-secrets", "labels": {"app.kubernetes.io/name": "aspects"}},
    "type": "Opaque",
    "stringData": {"A_PASSWORD": "hunter2hunter2", "ralph-auth.json": "{}"},
}
ROLE = "arn:aws:iam::123456789012:role/aspects"


def made(**settings: Any) -> dict[str, Document]:
    found = external_secrets.external_secrets([SECRET], SETTINGS | settings)
    return {document["kind"]: document for document in found}


def test_every_key_is_a_property_of_one_remote_secret() -> None:
    spec = made()["ExternalSecret"]["spec"]
    assert [entry["secretKey"] for entry in spec["data"]] == ["A_PASSWORD", "ralph-auth.json"]
    for entry in spec["data"]:
        assert entry["remoteRef"]["key"] == "campus/production/aspects-secrets"
        assert entry["remoteRef"]["property"] == entry["secretKey"]
    assert spec["refreshInterval"] == "30m"
    assert spec["target"]["name"] == SECRET["metadata"]["name"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "analytics"}


def test_the_operators_own_identity_reads_unless_a_role_is_named() -> None:
    assert set(made()) == {"ClusterSecretStore", "ExternalSecret"}
    aws = made()["ClusterSecretStore"]["spec"]["provider"]["aws"]
    assert aws == {"service": "SecretsManager", "region": "eu-central-1"}
    named = made(ASPECTS_SECRETS_ROLE_ARN=ROLE)
    account = named["ServiceAccount"]
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    reference = named["ClusterSecretStore"]["spec"]["provider"]["aws"]["auth"]["jwt"]
    assert reference == {
        "serviceAccountRef": {"name": account["metadata"]["name"], "namespace": "openedx"}
    }


def test_the_store_serves_this_namespace_only() -> None:
    assert made()["ClusterSecretStore"]["spec"]["conditions"] == [{"namespaces": ["openedx"]}]


def test_a_store_of_the_cluster_is_used_as_it_is() -> None:
    found = made(ASPECTS_SECRET_STORE_CREATE=False, ASPECTS_SECRETS_ROLE_ARN=ROLE)
    assert set(found) == {"ExternalSecret"}


def test_without_a_secret_there_is_nothing() -> None:
    assert external_secrets.external_secrets([{"kind": "Service"}], SETTINGS) == []


@pytest.mark.parametrize("role", ["", ROLE])
def test_objects_fit_their_schemas(role: str) -> None:
    for document in made(ASPECTS_SECRETS_ROLE_ARN=role).values():
        assert schema_errors(document, "1.33") == []


def test_no_value_remains_of_the_rendered_secret(export_of: Exported) -> None:
    found = external_secrets.external_secrets(export_of.manifests, SETTINGS)
    text = yaml.safe_dump_all(found)
    leaks.check({"secrets.yaml": text}, dummy_secrets())
    (secret,) = (d for d in export_of.manifests if d["kind"] == "Secret")
    assert external_secrets.keys_of(secret)
    for key in external_secrets.keys_of(secret):
        assert f"secretKey: {key}\n" in text


def test_the_guide_takes_the_secret_from_its_owner_before_it_deletes_that() -> None:
    """The operator deletes what an ExternalSecret owns in a finalizer, --cascade=orphan or not."""
    guide = (Path(__file__).parents[2] / "docs/how-to/leave-argocd.md").read_text("utf8")
    assert made()["ExternalSecret"]["spec"]["target"]["creationPolicy"] == "Owner"
    given_up = guide.index('{"spec": {"target": {"creationPolicy": "Orphan"}}}')
    assert given_up < guide.index("delete externalsecret aspects-secrets")
