"""The `aspects` command: without Tutor, and with one sentence for whatever goes wrong."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tutoraspects import __version__
from tutoraspects.cli.job import COMMANDS
from tutoraspects.dbt_runner import Project
from tutoraspects.errors import AspectsError
from tutoraspects.schema.target import Target

PROGRAM = "from tutoraspects.cli.job import main; main()"
PASSWORD = "not-the-password-of-anybody"


def aspects(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit 1, nothing on stdout, one line on stderr with these words, no secret."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    assert PASSWORD not in done.stderr and "Traceback" not in done.stderr


def at(port: int, **more: str) -> dict[str, str]:
    return {
        "ASPECTS_CLICKHOUSE_HOST": "127.0.0.1",
        "ASPECTS_CLICKHOUSE_NATIVE_PORT": str(port),
        "ASPECTS_CLICKHOUSE_PASSWORD": PASSWORD,
        **more,
    }


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listener(answer: bytes) -> Iterator[int]:
    """A server that says this to whoever connects, and hangs up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_version_and_help() -> None:
    assert __version__ in aspects("--version").stdout
    shown = aspects("--help")
    assert shown.returncode == 0 and "schema" in shown.stdout and "load" in shown.stdout
    shown = aspects("schema", "--help")
    for command in ("upgrade", "status", "check", "sync", "users"):
        assert command in shown.stdout


def test_neither_tutor_nor_other_commands_are_imported() -> None:
    code = (
        "import sys\n"
        "import tutoraspects.cli.job, tutoraspects.cli.schema\n"
        "known = {'tutor', 'tutor.__about__', 'tutor.exceptions'}\n"
        "print([m for m in sys.modules if m.startswith('tutor.') and m not in known],\n"
        "      'httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"


def test_it_runs_where_tutor_is_not_installed() -> None:
    """As in the job image: an import of Tutor fails there."""
    code = (
        "import sys\n"
        "class NoTutor:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'tutor':\n"
        "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
        "sys.meta_path.insert(0, NoTutor())\n"
        "sys.argv = ['aspects', 'schema', 'status']\n" + PROGRAM
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], **at(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be reached" in done.stdout + done.stderr and "Traceback" not in done.stderr


WITHOUT_EXTRA = (
    "import sys\n"
    "class NoExtra:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name.split('.')[0] in ('alembic', 'clickhouse_driver', 'orjson'):\n"
    "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
    "sys.meta_path.insert(0, NoExtra())\n"
)


def without_extra(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As where the package was installed without the extra [jobs]."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA + PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_needs_no_extra() -> None:
    done = without_extra("--help")
    assert done.returncode == 0, done.stderr
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\w", done.stdout, flags=re.MULTILINE), done.stdout
    assert_one_sentence(without_extra("schema", "status"), "[jobs]", "aspects schema")


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("schema", "nothing"), ("schema", "check", "-x")]
)
def test_unknown_commands_and_options(arguments: tuple[str, ...]) -> None:
    done = aspects(*arguments)
    assert done.returncode == 1 and "No such" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["upgrade", "sync"])
def test_unreachable_host(command: str) -> None:
    port = free_port()
    words = (f"127.0.0.1:{port}", "cannot be reached", "ASPECTS_CLICKHOUSE_HOST")
    assert_one_sentence(aspects("schema", command, **at(port)), *words)


@pytest.mark.parametrize("command", ["run", "test", "build", "freshness", "docs"])
def test_dbt_does_not_start_without_a_server(command: str) -> None:
    port = free_port()
    words = (f"127.0.0.1:{port}", "cannot be reached", "ASPECTS_CLICKHOUSE_HOST")
    assert_one_sentence(aspects("dbt", command, **at(port)), *words)


def test_dbt_does_not_start_on_an_unknown_cluster(cluster: Lab) -> None:
    done = cluster.aspects("dbt", "run", check=False, ASPECTS_CLICKHOUSE_CLUSTER="aspect")
    assert_one_sentence(done, "no cluster 'aspect'", "it knows aspects", "_CLUSTER")


def test_a_misspelled_model_is_an_error(cluster: Lab) -> None:
    done = cluster.aspects("dbt", "run", "--select", "dim_student_state", check=False)
    assert done.returncode == 1 and "'dim_student_state' does not match" in done.stdout


def test_dbt_names_our_command_when_it_fails(tmp_path: Path) -> None:
    project = Project(tmp_path, {}, Target.from_environment(at(1)))
    with pytest.raises(AspectsError) as error:
        project.call("source", "freshness", name="freshness")
    assert "`aspects dbt freshness`" in str(error.value)


@pytest.mark.parametrize("command", ["status", "check"])
def test_nothing_is_said_of_nodes_that_cannot_be_asked(command: str) -> None:
    port = free_port()
    done = aspects("schema", command, **at(port), ASPECTS_CLICKHOUSE_NODES=f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert "1 of 1 nodes cannot be asked" in done.stderr.splitlines()[-1]
    assert "not applied" not in done.stdout and "lacks the schema version" not in done.stderr
    as_json = aspects("schema", command, "--json", **at(port))
    assert as_json.returncode == 1


def test_unreachable_cluster() -> None:
    cluster = at(free_port(), ASPECTS_CLICKHOUSE_CLUSTER="aspects")
    for command in ("check", "status"):
        assert_one_sentence(aspects("schema", command, **cluster), "cannot be reached")


def test_unknown_host() -> None:
    done = aspects("schema", "upgrade", **at(9000, ASPECTS_CLICKHOUSE_HOST="no.such.invalid"))
    assert_one_sentence(done, "no.such.invalid", "ASPECTS_CLICKHOUSE_HOST")


def test_not_clickhouse() -> None:
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x00" * 64):
        with listener(answer) as port:
            done = aspects("schema", "upgrade", **at(port))
        assert_one_sentence(done, "ASPECTS_CLICKHOUSE_NATIVE_PORT")


def test_tls_where_there_is_none() -> None:
    with listener(b"") as port:
        done = aspects("schema", "upgrade", **at(port, ASPECTS_CLICKHOUSE_SECURE="true"))
    assert_one_sentence(done, "ASPECTS_CLICKHOUSE_SECURE")


def test_wrong_settings(tmp_path: Path) -> None:
    for variable, value in (
        ("ASPECTS_CLICKHOUSE_NATIVE_PORT", "nine"),
        ("ASPECTS_CLICKHOUSE_SECURE", "perhaps"),
        ("ASPECTS_EVENT_SINK_DATABASE", "event sink"),
        ("ASPECTS_CLICKHOUSE_NODES", "a:b"),
    ):
        done = aspects("schema", "upgrade", **{**at(9000), variable: value})
        assert_one_sentence(done, variable, value)
    absent = str(tmp_path / "absent")
    done = aspects("schema", "upgrade", ASPECTS_CLICKHOUSE_PASSWORD_FILE=absent)
    assert_one_sentence(done, absent, "ASPECTS_CLICKHOUSE_PASSWORD_FILE")


def test_wrong_password_and_user(one_node: Lab) -> None:
    good = one_node.job_environment()
    wrong = {**good, "ASPECTS_CLICKHOUSE_PASSWORD": PASSWORD}
    done = aspects("schema", "upgrade", **wrong)
    assert_one_sentence(done, "ch_admin", "ASPECTS_CLICKHOUSE_PASSWORD")
    for command in ("status", "check"):
        done = aspects("schema", command, **wrong)
        assert done.returncode == 1 and "ASPECTS_CLICKHOUSE_PASSWORD" in done.stderr
        assert PASSWORD not in done.stdout + done.stderr
    done = aspects("schema", "upgrade", **{**good, "ASPECTS_CLICKHOUSE_USER": "nobody"})
    assert_one_sentence(done, "nobody", "ASPECTS_CLICKHOUSE_USER")


def test_a_user_without_the_rights(one_node: Lab) -> None:
    environment = {
        **one_node.job_environment(),
        "ASPECTS_CLICKHOUSE_USER": "ch_report",
        "ASPECTS_CLICKHOUSE_PASSWORD": one_node.password("ch_report"),
    }
    for command in ("upgrade", "sync"):
        done = aspects("schema", command, **environment)
        assert_one_sentence(done, "ch_report", "administrator")


def test_unknown_cluster(one_node: Lab) -> None:
    environment = {**one_node.job_environment(), "ASPECTS_CLICKHOUSE_CLUSTER": "unheard-of"}
    done = aspects("schema", "check", **environment)
    assert_one_sentence(done, "unheard-of", "ASPECTS_CLICKHOUSE_CLUSTER")


def test_users_as_sql(one_node: Lab) -> None:
    environment = {
        **one_node.job_environment(),
        "ASPECTS_CLICKHOUSE_LRS_PASSWORD": PASSWORD,
        "ASPECTS_CLICKHOUSE_REPORT_USER": "readers",
        "ASPECTS_CLICKHOUSE_REPORT_PASSWORD": PASSWORD,
    }
    done = aspects("schema", "users", "--sql", **environment)
    assert done.returncode == 0, done.stderr
    assert "CREATE USER IF NOT EXISTS ch_lrs" in done.stdout.replace("`", "")
    assert "readers" in done.stdout and "ch_vector" not in done.stdout
    assert PASSWORD not in done.stdout


def test_users_without_passwords(one_node: Lab) -> None:
    done = aspects("schema", "users", "--sql", **one_node.job_environment())
    assert_one_sentence(done, "_LRS_PASSWORD")
