"""The leak check: every secret in every form and every kind of output, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from tests.gitops.conftest import Exported
from tests.helpers import configuration, dummy_secrets, project, sentences
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import leaks
from tutoraspects.settings import CATALOGUE

PASSWORD = "tr0ub4dor&3<x>'yz"
SETTINGS: dict[str, Any] = {
    "ASPECTS_CLICKHOUSE_LRS_PASSWORD": PASSWORD,
    "MYSQL_ROOT_PASSWORD": "root1234",
    "OPENEDX_SECRET_KEY": "DMHcwH0UuvAbKxfZeTzFbF5X",
    "SMTP_PASSWORD": "",
    "RALPH_EXTRA_SETTINGS": {"RALPH_SENTRY_DSN": "https://abcdef0123@sentry.example.org/1"},
    "JWT_RSA_PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----\n"
    + "MIIEowIBAAKCAQEAq3vX" * 3
    + "\n--",
    "CLICKHOUSE_ADMIN_PASSWORD": "admin",
    "ASPECTS_SECRETS_PREFIX": "aspects",
    "K8S_NAMESPACE": "openedx",
}
# One file of each kind that the export writes, with a place to plant something.
KINDS = {
    "charts/aspects/values.yaml": "ralph:\n  extraEnv:\n    - name: A\n      value: {}\n",
    "charts/aspects/templates/ralph.yaml": "{{{{- if .Values.x }}}}\nspec:\n  note: '{}'\n",
    "charts/aspects/values.schema.json": '{{\n  "properties": {{\n    "default": "{}"\n  }}\n}}\n',
    "charts/aspects/README.md": "# Chart\n\nUse {} here.\n",
    "charts/aspects/templates/NOTES.txt": "Log in with {}.\n",
    "argocd/aspects.yaml": "spec:\n  source:\n    helm:\n      parameters: [{}]\n",
    "environments/staging/aspects.yaml": "ralph:\n  image: {}\n",
}


def found(text: str, path: str = "a.yaml", **settings: Any) -> list[str]:
    return [str(leak) for leak in leaks.leaks({path: text}, SETTINGS | settings)]


@pytest.mark.parametrize("path", KINDS)
def test_a_planted_secret_is_caught_in_each_kind_of_output(path: str) -> None:
    planted = KINDS[path].format(PASSWORD)
    with pytest.raises(AspectsError) as error:
        leaks.check({"charts/aspects/Chart.yaml": "name: aspects\n", path: planted}, SETTINGS)
    message = str(error.value)
    assert f"the value of ASPECTS_CLICKHOUSE_LRS_PASSWORD in {path}, key " in message
    assert PASSWORD not in message
    leaks.check({path: KINDS[path].format("nothing")}, SETTINGS)


FORMS = {
    "plain": PASSWORD,
    "sha256": hashlib.sha256(PASSWORD.encode()).hexdigest(),
    "base64": base64.b64encode(PASSWORD.encode()).decode(),
    "base64 of user and password": base64.b64encode(f"ch_lrs:{PASSWORD}".encode()).decode(),
    "base64 with another start": base64.b64encode(f"ch_lr:{PASSWORD}!".encode()).decode(),
    "base64 with a third start": base64.b64encode(f"ch_l:{PASSWORD}!!".encode()).decode(),
    "hex": PASSWORD.encode().hex(),
    "XML": PASSWORD.replace("&", "&amp;")
    .replace("<", "&lt;")
    .replace(">", "&gt;")
    .replace("'", "&#x27;"),
    "YAML in quotes": PASSWORD.replace("'", "''"),
    "address": "tr0ub4dor%263%3Cx%3E%27yz",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_caught_in_every_form(form: str) -> None:
    (leak,) = found(f"a:\n  b: 'x {FORMS[form]} y'\n")
    assert leak == "the value of ASPECTS_CLICKHOUSE_LRS_PASSWORD in a.yaml, key a.b"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x: root1234", "the value of MYSQL_ROOT_PASSWORD"),
        ("x: DMHcwH0UuvAbKxfZeTzFbF5X", "the value of OPENEDX_SECRET_KEY"),
        ("x: https://abcdef0123@sentry.example.org/1", "RALPH_EXTRA_SETTINGS.RALPH_SENTRY_DSN"),
        ("x: " + "MIIEowIBAAKCAQEAq3vX" * 3, "the value of JWT_RSA_PRIVATE_KEY"),
        # A short password is a word, too: it counts under a key of its kind.
        ("password: admin", "the value of CLICKHOUSE_ADMIN_PASSWORD"),
        ("<password>admin</password>", "the value of CLICKHOUSE_ADMIN_PASSWORD"),
        ("- name: X_PASSWORD\n  value: admin", "the value of CLICKHOUSE_ADMIN_PASSWORD"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
        ("x: AKIAIOSFODNN7EXAMPLE", "an AWS access key"),
        ("x: $2b$12$" + "a" * 53, "a bcrypt hash"),
        ("x: $argon2id$v=19$m=65536", "an argon2 hash"),
        ("x: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "a JSON web token"),
        ("x: ghp_" + "a1" * 18, "a token of GitHub"),
        ("x: clickhouse://user:hunter2@host/db", "an address with a password"),
        ("adminPassword: kJ8s0vBx2mQp", "what looks like a secret"),
        ('"api_key": "9f8Kx0aaPq-27Zm"', "what looks like a secret"),
        ("- name: SENTRY_TOKEN\n  value: 8f14e45fceea167a5a36dedd4bea2543", "looks like a secret"),
        ("PASSWORD=kJ8s0vBx2mQp", "what looks like a secret"),
        # Typed by people: short, and a word.
        ("password: hunter2", "what looks like a secret"),
        ("password: letmein", "what looks like a secret"),
        ("password: 'correct horse battery'", "what looks like a secret"),
        ("- name: DB_PASSWORD\n  value: hunter2", "what looks like a secret"),
        ('[{"name": "DB_PASSWORD", "value": "hunter2"}]', "what looks like a secret"),
        ("- {name: A, value: b}, {name: DB_PASSWORD, value: hunter2}", "looks like a secret"),
        ("password: >-\n  hunter2\n", "what looks like a secret"),
        ("DB_PASSWORD_PROD: hunter2", "what looks like a secret"),
        ("password_2: hunter2", "what looks like a secret"),
        ("passwordValue: hunter2", "what looks like a secret"),
        ("db_pass: hunter2", "what looks like a secret"),
        ("MYSQL_PWD=hunter2 mysqldump db", "what looks like a secret"),
        ("smtpPass: pa$word", "what looks like a secret"),
        ('{"user": "x", "passwd": "hunter2", "port": 1}', "what looks like a secret"),
        (r'x: "{\"password\": \"hunter2\"}"', "what looks like a secret"),
        ("<password>hunter2</password>", "what looks like a secret"),
        ("  command --password=hunter2 --verbose", "what looks like a secret"),
        ("f(password='hunter2')", "what looks like a secret"),
        ("apikey: hunter2", "what looks like a secret"),
        ("API_TOKEN: hunter2", "what looks like a secret"),
        ("clientSecret: hunter2", "what looks like a secret"),
        ("OAUTH_SECRET: hunter2", "what looks like a secret"),
        ("secret: hunter2", "what looks like a secret"),
        ("SECRET_KEY: hunter2", "what looks like a secret"),
        ("apiToken: k$8s(vB)2mQ?9xR", "what looks like a secret"),
        ("secretKey: 8f14e45fceea167a5a36dedd4bea2543", "what looks like a secret"),
        # Put together here, so that no scanner of repositories takes them for real.
        ("secretKey: wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "looks like a secret"),
        ("x: sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", "a secret key of Stripe"),
        ("x: glpat" + "-Ab3dEf6hIj9kLm2nOp5q", "a token of GitLab"),
        ("x: AIza" + "Sy" + "a1B" * 11, "an API key of Google"),
        ("x: https://hooks.slack" + ".com/services/T0/B0/x1y2", "a webhook of Slack"),
        ("x: https://8f14e45fceea167a5a36dedd4bea2543@o1.ingest.sentry.io/42", "a Sentry DSN"),
        ("Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543", "an Authorization header"),
        ("Authorization: Bearer s3cr3t", "an Authorization header"),
        ('"Authorization": "Basic dXNlcjpodW50ZXIy"', "an Authorization header"),
        ("curl -H 'Authorization: Basic dXNlcjpodW50ZXIy'", "an Authorization header"),
        ("- name: Authorization\n  value: Basic dXNlcjpodW50ZXIy", "an Authorization header"),
    ],
)
def test_what_is_or_looks_like_a_secret_is_caught(text: str, what: str) -> None:
    leak = found(text)
    assert len(leak) == 1 and what in leak[0], leak


@pytest.mark.parametrize(
    "text",
    [
        "secretName: aspects-secrets",
        "secretKey: ASPECTS_CLICKHOUSE_LRS_PASSWORD",
        "property: CH_ADMIN_PASSWORD_SHA256",
        "checksum/secrets: " + hashlib.sha256(b"keyed").hexdigest(),
        'from_env="CH_LRS_PASSWORD_SHA256"',
        "ASPECTS_CLICKHOUSE_PASSWORD_FILE: /run/secrets/aspects/CLICKHOUSE_ADMIN_PASSWORD",
        "automountServiceAccountToken: false",
        "password: {{ .Values.password }}",
        # References of Kubernetes and of charts, and keys of Secrets.
        "secretKey: ralph-auth.json",
        "secretKey: ralph-extra.RALPH_SENTRY_DSN",
        "- secretKey: clickhouseAdminPassword",
        "secretKeyRef: {name: aspects-secrets, key: ASPECTS_CLICKHOUSE_LRS_PASSWORD}",
        "existingSecret: postgres1",
        "passwordSecret: redis-auth-2",
        "existingSecretPasswordKey: redis-password",
        "secret: aspects-secrets",
        "imagePullSecrets: [{name: registry1}]",
        "tokenUrl: https://lms.example.org/oauth2/token1",
        "remoteRef:\n  key: campus/production/aspects-secrets",
        # Filled in later.
        "password: $(MYSQL_ROOT_PASSWORD2)",
        "password: ${PASSWORD_1}",
        "password: $PASSWORD_1",
        "password: '{{ REDIS_PASSWORD }}'",
        "password: <password>",
        'password=os.environ["CLICKHOUSE_PASSWORD_1"]',
        "password=settings.password,",
        "token=readTokenFrom(file1)",
        "token=$(cat /run/secrets/token1)",
        "Authorization: Bearer {{ .Values.token }}",
        "Authorization: Basic ${CREDENTIALS}",
        "Authorization: Bearer token",
        # Names, paths, switches, numbers, nothing, prose.
        "password: CH_ADMIN_PASSWORD_SHA256",
        "token: /var/run/secrets/kubernetes.io/serviceaccount/token1",
        "password: secrets/password1.txt",
        "password: true",
        "password: 12",
        "tokenExpirationSeconds: 3600",
        "password: ''",
        "password:\n  name: hunter2",
        "password: null",
        "password: |",
        "password: |\n  {{ .Values.password }}\n",
        "PASSWORD_HASH_ALGORITHM: sha256",
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: x1, key: y1}",
        "passed: 12 of 12",
        "pass: 2",
        "compass: north1",
        "# The password: it stays where it is.",
        "Change the password: set2 and deploy.",
        "the bearer internationalization",
        "role-arn: arn:aws:iam::123456789012:role/admin-of-secrets",
        "the admin user",
        "https://kubernetes.default.svc:443/api@v1",
        "mountPath: /run/secrets/aspects",
    ],
)
def test_what_only_speaks_of_secrets_passes(text: str) -> None:
    assert found(text) == []


def test_every_secret_of_the_catalogue_is_known() -> None:
    values = dict(dummy_secrets())
    known = set(leaks.needles(values).values())
    generated = {name for name in values if CATALOGUE[name].type == "secret"}
    assert generated and generated == known


def test_several_leaks_are_listed_with_their_keys() -> None:
    tree = {"a.yaml": f"x:\n  y:\n    - z: {PASSWORD}\n", "b.json": f'{{\n"k": "{PASSWORD}"}}'}
    with pytest.raises(AspectsError) as error:
        leaks.check(tree, SETTINGS)
    first, *lines = str(error.value).splitlines()
    assert first.startswith("Nothing was exported, because 2 secrets would be in it: take them")
    assert [line.rpartition(" in ")[2] for line in lines] == ["a.yaml, key x.y.z", "b.json, key k"]


def test_it_is_fast_enough_for_every_save() -> None:
    tree = {f"{n}.yaml": "spec:\n  replicas: 3 # some words of text\n" * 700 for n in range(40)}
    began = time.process_time()
    leaks.check(tree, SETTINGS | dummy_secrets())
    assert time.process_time() - began < 1.0


def test_a_save_with_a_leak_is_refused_and_exports_nothing(tmp_path: Path) -> None:
    """A secret that came into a manifest by way of another setting."""
    leaking = {
        "ASPECTS_GITOPS_REPOSITORY_URL": "https://git.example.org/team/platform.git",
        "ASPECTS_GITOPS_REVISION": "same-as-the-password",
        "ASPECTS_CLICKHOUSE_LRS_PASSWORD": "same-as-the-password",
    }
    made = project(tmp_path, **configuration("minimal"), **leaking)
    done = made.save(check=False)
    assert done.returncode == 1
    told = sentences(done)
    assert "the value of ASPECTS_CLICKHOUSE_LRS_PASSWORD in argocd/root.yaml, key " in told
    assert "spec.source.targetRevision" in told
    assert "same-as-the-password" not in told and "Traceback" not in told
    assert not list((made.env / "plugins/aspects").glob("gitops/**/*.yaml"))


def test_the_export_of_the_named_configurations_holds_none(export_of: Exported) -> None:
    tree = {
        path.relative_to(export_of.folder).as_posix(): path.read_text("utf8")
        for path in export_of.folder.rglob("*")
        if path.is_file()
    }
    assert len(tree) > 10
    assert list(leaks.leaks(tree, export_of.project.config)) == []
