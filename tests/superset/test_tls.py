"""TLS to Superset's Redis and to its database: real servers, and the clients that Superset uses."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import PARTS
from tests.lab.ports import Ports, accepts
from tests.lab.rendering import ROOT

pytestmark = pytest.mark.slow
PYTHON = PARTS / "superset/bin/python"
# One line for each client that answered; a client that refuses ends with its error.
_REDIS = """
import json, sys
from celery import Celery
import redis
from limits.storage import storage_from_string
from tutoraspects.superset.connections import redis_url
url = redis_url(json.loads(sys.argv[1]), sys.argv[2], 3)
def broker():
    with Celery(broker=url).connection_for_write(connect_timeout=3) as connection:
        connection.ensure_connection(max_retries=1)
        connection.default_channel.client.ping()
clients = {
    "cache": lambda: redis.Redis.from_url(url).ping(),
    "broker": broker,
    "results": lambda: Celery(broker=url, backend=url).backend.client.ping(),
    "limits": lambda: storage_from_string(url).storage.ping(),
}
for name, ping in clients.items():
    try:
        ping()
        print(name, "answers")
    except Exception as error:
        print(name, "refuses:", type(error).__name__, error)
"""
# Superset's own connection, and that of the operator dashboard as Superset makes it.
_DATABASE = """
import json, sys
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from tutoraspects.superset import scope
from tutoraspects.superset.connections import database_options, database_uri
database = json.loads(sys.argv[1])
uri, options = database_uri(database, sys.argv[2]), database_options(database)
app = Flask("superset")
app.config.update(
    SQLALCHEMY_ENGINE_OPTIONS=options,
    ASPECTS_OWN_DATABASE=(database["host"], database["port"]),
    ASPECTS_OPERATORS_USERS=(),
)
with app.app_context():
    reads = scope.connect(make_url(uri.partition("?")[0]), {}, "", None, None)
for name, (address, more) in {"own": (uri, options), "operator": reads}.items():
    try:
        with create_engine(address, **more).connect() as connection:
            [row] = connection.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            print(name, "encrypts" if row[1] else "is plain")
    except Exception as error:
        print(name, "refuses:", str(error).splitlines()[0])
"""


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, and a certificate of it for localhost and one for another host."""
    folder = tmp_path_factory.mktemp("certificates")
    folder.chmod(0o755)
    new = ("-newkey", "rsa:2048", "-nodes")
    _openssl(folder, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name, host in (("right", "localhost"), ("wrong", "redis.example.org")):
        request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        _openssl(folder, "req", *new, *request)
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        files = ("-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", f"{name}.ext")
        _openssl(folder, "x509", "-req", *files, *signer)
        (folder / f"{name}.key").chmod(0o644)
    return folder


@contextmanager
def _running(command: list[str], port: int, cwd: Path) -> Iterator[None]:
    server = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 30
        while not accepts(port):
            assert server.poll() is None, f"{command[0]} ended with {server.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not listen on {port}"
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(20)


def _ask(script: str, settings: dict[str, Any], password: str = "") -> list[str]:
    found = subprocess.run(
        [str(PYTHON), "-c", script, json.dumps(settings), password],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.splitlines()


@pytest.mark.parametrize("certificate", ["right", "wrong"])
def test_every_client_of_redis_verifies_certificate_and_name(
    certificates: Path, tmp_path: Path, certificate: str
) -> None:
    port = Ports().take()
    command = ["redis-server", "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--tls-auth-clients", "no", "--requirepass", "p@ss/word"]
    for option, file in (("ca-cert", "ca"), ("cert", certificate)):
        command += [f"--tls-{option}-file", str(certificates / f"{file}.pem")]
    command += ["--tls-key-file", str(certificates / f"{certificate}.key")]
    settings = {"host": "localhost", "port": port, "username": "", "tls": True}
    ours = {**settings, "ca": str(certificates / "ca.pem")}
    with _running(command, port, tmp_path):
        answers = _ask(_REDIS, ours, "p@ss/word")
        strangers = _ask(_REDIS, {**settings, "ca": ""}, "p@ss/word")
    assert len(answers) == len(strangers) == 4
    if certificate == "right":
        assert [line.split()[1] for line in answers] == ["answers"] * 4, answers
    else:
        assert all("Hostname mismatch" in line for line in answers), answers
    assert all("self-signed" in line or "unable to get" in line for line in strangers), strangers


@pytest.mark.parametrize("certificate", ["right", "wrong"])
def test_every_client_of_the_database_verifies_certificate_and_name(
    certificates: Path, tmp_path: Path, certificate: str
) -> None:
    data, port = tmp_path / "data", Ports().take()
    install = ["mariadb-install-db", "--no-defaults", "--user=root", "--skip-test-db"]
    install += ["--auth-root-authentication-method=normal", f"--datadir={data}"]
    subprocess.run(install, check=True, capture_output=True)
    command = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--port={port}"]
    command += ["--bind-address=127.0.0.1", f"--socket={tmp_path}/s", "--skip-name-resolve"]
    command += [f"--ssl-ca={certificates}/ca.pem", f"--ssl-cert={certificates}/{certificate}.pem"]
    command += [f"--ssl-key={certificates}/{certificate}.key"]
    (tmp_path / "init.sql").write_text(
        "CREATE USER superset@'%' IDENTIFIED BY 'p@ss/word';\nCREATE DATABASE superset;\n"
        "GRANT ALL ON superset.* TO superset@'%';\n"
    )
    command += [f"--init-file={tmp_path}/init.sql"]
    database = {"dialect": "mysql", "host": "localhost", "port": port, "name": "superset"}
    database |= {"username": "superset", "tls": True, "ca": f"{certificates}/ca.pem"}
    with _running(command, port, tmp_path):
        answers = _ask(_DATABASE, database, "p@ss/word")
        strangers = _ask(_DATABASE, {**database, "ca": ""}, "p@ss/word")
    assert len(answers) == len(strangers) == 2
    if certificate == "right":
        assert answers == ["own encrypts", "operator encrypts"]
    else:
        assert all("Hostname mismatch" in line for line in answers), answers
    assert all("self-signed" in line or "unable to get" in line for line in strangers), strangers
