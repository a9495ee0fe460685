"""`tutor aspects secrets`: against moto's Secrets Manager."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.helpers import TutorProject, configuration, dummy, project, sentences
from tests.lab.s3 import S3
from tutoraspects.errors import AspectsError
from tutoraspects.gitops import secrets_store
from tutoraspects.gitops.secrets_store import Remote, Store

REGION = "eu-central-1"
KEY = "ASPECTS_CLICKHOUSE_LRS_PASSWORD"
HASH = "CH_LRS_PASSWORD_SHA256"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def aws(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an empty Secrets Manager; the environment leads boto3 to it."""
    for name, value in environment(s3).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("secretsmanager", region_name=REGION)
    yield client
    for entry in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=entry["ARN"], ForceDeleteWithoutRecovery=True)


def environment(s3: S3) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": s3.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": s3.SECRET_KEY,
        "AWS_CONFIG_FILE": "/dev/null",
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> TutorProject:
    made = project(
        tmp_path_factory.mktemp("secrets"),
        **configuration("minimal"),
        ASPECTS_SECRETS_REGION=REGION,
        ASPECTS_SECRETS_PREFIX="campus",
    )
    made.save()
    return made


@pytest.fixture
def run(saved: TutorProject, s3: S3, aws: Any) -> Run:
    def call(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = saved.run("aspects", "secrets", *arguments, check=check, environment=environment(s3))
        assert "secret-" not in done.stdout + done.stderr, "a value was printed"
        return done

    return call


def stored(aws: Any) -> dict[str, str]:
    answer = aws.get_secret_value(SecretId="campus/aspects-secrets", VersionStage="AWSCURRENT")
    return dict(json.loads(answer["SecretString"]))


def test_push_writes_what_check_then_finds(run: Run, aws: Any) -> None:
    before = run("check", check=False)
    assert before.returncode == 1
    assert f"{KEY}: missing" in before.stdout
    assert "run `tutor aspects secrets push`" in before.stderr
    assert run("push", "--dry-run").stdout.endswith("keys.\n")
    assert aws.list_secrets()["SecretList"] == []
    run("push")
    values = stored(aws)
    assert values[KEY] == dummy(KEY)
    assert values[HASH] == hashlib.sha256(values[KEY].encode()).hexdigest()
    assert run("check").stdout.startswith("campus/aspects-secrets:\ndone: ")
    assert "done: 0 keys written." in run("push").stdout


def test_a_different_value_is_replaced_only_when_told(run: Run, aws: Any) -> None:
    run("push")
    newer = stored(aws) | {KEY: "rotated", HASH: "rotated too", "RALPH_LMS_PASSWORD": "rotated"}
    aws.put_secret_value(SecretId="campus/aspects-secrets", SecretString=json.dumps(newer))
    refused = run("push", check=False)
    assert refused.returncode == 1 and stored(aws) == newer
    assert "may be newer" in refused.stderr and KEY in refused.stderr
    assert run("check", check=False).stdout.count(": differs") == 3

    told = run("push", "--key", KEY)
    assert f"~ {KEY}" in told.stdout and f"~ {HASH}" in told.stdout
    assert "! RALPH_LMS_PASSWORD differs and stays" in told.stdout
    assert stored(aws)[KEY] == dummy(KEY)
    assert stored(aws)["RALPH_LMS_PASSWORD"] == "rotated"

    run("push", "--force")
    assert run("check").returncode == 0


def test_keys_of_others_stay(run: Run, aws: Any) -> None:
    run("push")
    mixed = {key: value for key, value in stored(aws).items() if key != KEY} | {"THEIRS": "x"}
    aws.put_secret_value(SecretId="campus/aspects-secrets", SecretString=json.dumps(mixed))
    assert "THEIRS: not of this configuration" in run("check", check=False).stdout
    run("push")
    assert stored(aws)["THEIRS"] == "x" and stored(aws)[KEY] == dummy(KEY)


def test_machines_read_json_without_values(run: Run) -> None:
    done = run("check", "--json", check=False)
    assert done.returncode == 1
    (compared,) = json.loads(done.stdout)
    assert KEY in compared["missing"] and compared["equal"] == []


def test_a_stale_environment_is_refused(run: Run, saved: TutorProject, aws: Any) -> None:
    values = saved.config
    try:
        saved.write({**values, KEY: "edited-and-not-saved"})
        refused = run("push", check=False)
    finally:
        saved.write(values)
    assert refused.returncode == 1 and "run `tutor config save`" in sentences(refused)
    assert aws.list_secrets()["SecretList"] == []


def test_an_unknown_key_is_refused(run: Run) -> None:
    refused = run("push", "--key", "NONSENSE", check=False)
    assert "NONSENSE is no key of campus/aspects-secrets" in refused.stderr


def test_an_unreachable_aws_is_one_sentence(saved: TutorProject, s3: S3) -> None:
    nowhere = environment(s3) | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    done = saved.run("aspects", "secrets", "check", check=False, environment=nowhere)
    assert done.returncode == 1
    assert "cannot be asked for campus/aspects-secrets (EndpointConnectionError)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "region", "told"),
    [
        ("AWS_PROFILE", "nope", REGION, r"profile \(nope\) could not be found"),
        ("AWS_ENDPOINT_URL", "bad", REGION, "Invalid endpoint: bad"),
        ("AWS_CONFIG_FILE", "/dev/null", "no region", "'no region' doesn't match"),
    ],
)
def test_what_boto3_makes_nothing_of_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, region: str, told: str
) -> None:
    # The session that boto3 keeps may have been made with the profile of another test.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv(name, value)
    with pytest.raises(AspectsError, match=rf"cannot be asked \(.*{told}.*\): correct ASPECTS_"):
        Store(region)


def test_somebody_elses_simultaneous_write_wins(aws: Any) -> None:
    store = Store(REGION)
    store.write(Remote("x/y", {}), {"a": "1"})
    read = store.read("x/y")
    store.write(read, {"a": "2"})
    with pytest.raises(AspectsError, match="Somebody else changed the secret x/y"):
        store.write(read, {"a": "3"})
    assert store.read("x/y").values == {"a": "2"}
    with pytest.raises(AspectsError, match="Somebody else"):
        store.write(Remote("x/y", {}), {"a": "4"})


def test_a_secret_of_another_kind_is_refused(aws: Any) -> None:
    aws.create_secret(Name="x/z", SecretString="plain")
    with pytest.raises(AspectsError, match="is no JSON object of texts"):
        Store(REGION).read("x/z")


def test_a_secret_that_is_being_deleted_names_the_command(aws: Any) -> None:
    aws.create_secret(Name="x/d", SecretString="{}")
    aws.delete_secret(SecretId="x/d", RecoveryWindowInDays=7)
    try:
        with pytest.raises(AspectsError, match="secretsmanager restore-secret --region"):
            Store(REGION).read("x/d")
    finally:
        aws.restore_secret(SecretId="x/d")


def test_too_much_is_refused_before_it_is_sent(aws: Any) -> None:
    with pytest.raises(AspectsError, match="AWS takes 65,536"):
        Store(REGION).write(Remote("x/big", {}), {"a": "x" * 70_000})


def test_a_ralph_password_takes_its_hash_along() -> None:
    values = {"RALPH_LMS_PASSWORD": "a", "ralph-auth.json": "[]", "OTHER": "b"}
    found = secrets_store.companions(values, ["RALPH_LMS_PASSWORD"])
    assert found == {"RALPH_LMS_PASSWORD", "ralph-auth.json"}


def test_without_boto3_the_extra_is_named(saved: TutorProject, tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise ImportError('none here')\n", "utf8")
    done = saved.run(
        "aspects", "secrets", "check", check=False, environment={"PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 1
    assert "pip install 'tutor-contrib-aspects-cluster[gitops]'" in sentences(done)


def test_no_other_command_imports_boto3() -> None:
    code = "import sys, tutoraspects.cli.plugin; assert 'boto3' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
