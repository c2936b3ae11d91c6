"""`python -m redshift_local serve` as a person or a script uses it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest

from redshift_local.endpoint import certificate
from redshift_local.endpoint.users import fault_of_password
from redshift_local.login import Login
from redshift_local.serve import told

COMMAND = [sys.executable, "-m", "redshift_local", "serve"]

Start = Callable[..., tuple[subprocess.Popen[str], Login]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for all tests here: making one takes seconds."""
    return tmp_path_factory.mktemp("serve") / "redshift"


@pytest.fixture
def start(data: Path) -> Iterator[Start]:
    """Starts to serve the folder at a free port; the process, and how to log in."""
    running = []

    def run(*arguments: str, **environment: str) -> tuple[subprocess.Popen[str], Login]:
        running.append(
            subprocess.Popen(
                [*COMMAND, "--data", str(data), "--port", "0", "--format", "json", *arguments],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
            )
        )  # fmt: skip
        assert running[-1].stdout is not None
        return running[-1], Login(**json.loads(running[-1].stdout.readline()))

    yield run
    for process in running:
        process.terminate()
        process.communicate(timeout=60)


def connect(login: Login, **changes: str) -> psycopg2.extensions.connection:
    given = {
        "host": login.host, "port": login.port, "dbname": login.database, "user": login.user,
        "password": login.password, "sslmode": "verify-full", "sslrootcert": login.sslrootcert, **changes,
    }  # fmt: skip
    connection = psycopg2.connect(**given)
    connection.autocommit = True
    return connection


def ask(login: Login, *statements: str) -> list[tuple]:
    with closing(connect(login)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def fails(*arguments: str, **environment: str) -> str:
    """The one line of a start that fails."""
    ended = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_it_is_served_until_it_is_told_to_end(start: Start, data: Path) -> None:
    process, login = start()
    assert (login.host, login.database, login.user) == ("127.0.0.1", "dev", "awsuser")
    assert not fault_of_password(login.password)
    assert ask(
        login,
        "create table kept (a varchar(3))",
        "insert into kept values ('abc')",
        "select len(a) from kept",
    ) == [(3,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(login, password="wrong")
    with pytest.raises(psycopg2.OperationalError, match="SSL off"):
        connect(login, sslmode="disable")
    process.send_signal(signal.SIGINT)
    _, told_last = process.communicate(timeout=60)
    assert process.returncode == 0
    assert told_last == "The local Redshift is not served any more.\n"
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        connect(login)
    assert not (data / "data" / "postmaster.pid").exists()  # nobody else used the server


def test_the_next_start_has_the_data_and_another_password(start: Start) -> None:
    process, first = start()
    ask(first, "create table if not exists over_starts (i integer)")
    process.terminate()
    process.communicate(timeout=60)
    _, second = start()
    assert second.password != first.password
    assert ask(second, "select count(*) from over_starts") == [(0,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(second, password=first.password)


def test_the_password_of_a_user_who_is_not_served_to_is_not_valid(start: Start) -> None:
    process, superuser = start()
    process.terminate()
    process.communicate(timeout=60)
    _, reader = start("--read-only")
    assert reader.user == "reader"
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(reader, user=superuser.user, password=superuser.password)


def test_a_reader_reads_what_is_there(start: Start) -> None:
    process, superuser = start()
    ask(superuser, "create schema if not exists star", "create table if not exists star.plays (i integer)")
    process.terminate()
    process.communicate(timeout=60)
    _, reader = start("--read-only")
    assert ask(reader, "select count(*) from star.plays") == [(0,)]
    for statement in (
        "insert into star.plays values (1)",
        "create table public.mine (i integer)",
        "create schema mine",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied"):
            ask(reader, "set default_transaction_read_only = off", statement)


def test_a_password_may_be_given_by_a_file_or_a_variable(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("Of1File!\n")
    process, login = start("--password-file", str(file))
    assert login.password == "Of1File!"
    assert ask(login, "select 1") == [(1,)]
    process.terminate()
    process.communicate(timeout=60)
    _, login = start(REDSHIFT_LOCAL_PASSWORD="Of1Variable")
    assert login.password == "Of1Variable"
    assert ask(login, "select 1") == [(1,)]


def test_plain_connections_are_taken_where_asked(start: Start) -> None:
    _, login = start("--allow-plain")
    for mode in ("disable", "verify-full"):
        connect(login, sslmode=mode).close()


def test_copy_reads_the_folders_that_are_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/a.json", "b.json"):
        (tmp_path / name).write_text('{"i": 7}')
    _, login = start("--allow", str(tmp_path / "in"))
    copy = "copy c from '{}' iam_role default format json 'auto'"
    ask(
        login,
        "drop table if exists c",
        "create table c (i integer)",
        copy.format((tmp_path / "in").as_uri() + "/"),
    )
    assert ask(login, "select i from c") == [(7,)]
    with pytest.raises(psycopg2.errors.InternalError_, match="is in none of the folders"):
        ask(login, copy.format((tmp_path / "b.json").as_uri()))


def test_a_folder_is_served_once(start: Start, data: Path) -> None:
    process, login = start()
    told_last = fails("--data", str(data))
    assert f"is served already, at port 0 by process {process.pid}" in told_last
    assert ask(login, "select 1") == [(1,)]


def test_a_port_that_is_taken_is_named(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} is in use on 127.0.0.1; choose another with --port" in fails(
            "--data", str(data), "--port", port
        )


def test_what_is_no_data_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("")
    assert f"{tmp_path}/file is no folder" in fails("--data", str(tmp_path / "file"))
    assert "it is no data folder of a local Redshift" in fails("--data", str(tmp_path / "full"))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_what_cannot_be_used_is_said(start: Start, data: Path, tmp_path: Path) -> None:
    process, _ = start()
    process.terminate()
    process.communicate(timeout=60)
    (tmp_path / "short").write_text("abc")
    at = ("--data", str(data))
    assert "password must be 8 to 64 characters long" in fails(
        *at, "--password-file", str(tmp_path / "short")
    )
    assert "absent cannot be read" in fails(*at, "--password-file", str(tmp_path / "absent"))
    assert "REDSHIFT_LOCAL_PASSWORD: password must" in fails(*at, REDSHIFT_LOCAL_PASSWORD="simple")
    assert "there is no such folder" in fails(*at, "--allow", str(tmp_path / "absent"))
    assert "dev is the server's own user" in fails(*at, "--user", "dev")
    assert "awsuser is a superuser already" in fails(*at, "--user", "awsuser", "--read-only")
    assert "it was created for another one" in fails(*at, "--database", "other")


@pytest.mark.parametrize("port", ["65536", "-1", "redshift"])
def test_what_is_no_port_is_a_usage_error(port: str, tmp_path: Path) -> None:
    asked = [*COMMAND, "--data", str(tmp_path / "data"), f"--port={port}"]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (ended.returncode, (tmp_path / "data").exists()) == (2, False)
    assert ended.stderr.endswith(f"argument --port: {port} is no port: it takes 0 to 65535\n")


# --- the certificate ----------------------------------------------------------------------------------------------


def test_a_certificate_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    root, _ = certificate.ensure(tmp_path / "tls")
    first = root.read_bytes()
    assert {path.name for path in (tmp_path / "tls").iterdir()} == {"root.pem", "server.pem"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()} == {0o600}
    assert b"PRIVATE" not in first
    assert certificate.ensure(tmp_path / "tls")[0].read_bytes() == first


@pytest.mark.parametrize("harm", ["ends soon", "key is gone", "of another authority", "no certificate"])
def test_a_certificate_that_is_of_no_use_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    root, _ = certificate.ensure(tmp_path / "tls")
    first = root.read_bytes()
    match harm:
        case "ends soon":
            monkeypatch.setattr(certificate, "RENEWED_BEFORE", certificate.VALID)
        case "key is gone":
            root.with_name("server.pem").unlink()
        case "of another authority":
            root.write_bytes(certificate.ensure(tmp_path / "other")[0].read_bytes())
        case "no certificate":
            root.write_text("nothing")
    before = root.read_bytes()
    assert certificate.ensure(tmp_path / "tls")[0].read_bytes() not in (first, before)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_certificate_is_for_this_machine_s_names(tmp_path: Path, name: str) -> None:
    root, server = certificate.ensure(tmp_path / "tls")
    client = ssl.create_default_context(cafile=str(root))
    assert shake_hands(client, server, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(client, server, "example.com")


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    """Whether a client that expects a server of this name accepts this one's certificate."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for side in (theirs, ours):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
        if ours.version() and ours.getpeercert():
            return True
    return False


# --- what is told -------------------------------------------------------------------------------------------------

LOGIN = Login("127.0.0.1", 5439, "dev", "awsuser", "Secret1Word", "/a folder/tls/root.pem")


def test_what_is_told_names_each_tool_and_the_password() -> None:
    text = told(LOGIN, what="It", query="select 1", made=True)
    for tool in (
        "psql",
        "SQLAlchemy",
        "redshift_connector",
        "notebook",
        "dbt",
        "JDBC",
        "DBeaver",
        "Superset",
    ):
        assert tool in text
    assert text.count("Secret1Word") == 9


def test_a_password_that_was_given_is_not_shown() -> None:
    text = told(LOGIN, what="It", query="select 1", made=False)
    assert "Secret1Word" not in text
    assert "YOUR_PASSWORD" in text


def test_what_is_told_can_be_pasted(start: Start) -> None:
    """The line of psql into a shell, those of AWS's driver into Python."""
    _, login = start()
    text = told(login, what="It", query="select len('abc')", made=True).splitlines()
    line = text[text.index(login.pastes("")["psql"].title) + 1].replace(
        " psql ",
        f" {sys.executable} -c 'import psycopg2, sys, os;"
        ' c = psycopg2.connect(sys.argv[1], password=os.environ["PGPASSWORD"]).cursor();'
        ' c.execute("select current_user"); print(c.fetchone()[0])\' ',
    )
    assert subprocess.run(line, shell=True, capture_output=True, text=True, check=True).stdout == "awsuser\n"
    pasted = login.pastes("select len('abc')")["redshift-connector"].text
    said = subprocess.run([sys.executable, "-c", pasted], capture_output=True, text=True, check=True).stdout
    assert said == "([3],)\n"
