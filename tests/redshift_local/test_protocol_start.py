"""How a session begins at an endpoint, what it tells of itself, and how it ends:
https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-START-UP.
"""

from __future__ import annotations

import struct
import threading
import time
from contextlib import closing
from typing import BinaryIO

import psycopg2
import psycopg2.errors
import pytest
from wire_client import (
    TERMINATE,
    Client,
    error,
    message,
    query,
    start,
    statuses,
)

from redshift_local.endpoint import server
from redshift_local.endpoint.server import Endpoint


@pytest.fixture
def dsn(endpoint: Endpoint) -> str:
    return f"host=127.0.0.1 port={endpoint.port} user=dev password=secret dbname=dev"


def test_what_redshift_tells_of_itself(client: Client) -> None:
    told = statuses(client.begun)
    assert told | {"padb_revision": "", "padb_version": ""} == {
        "application_name": "", "client_encoding": "UNICODE", "DateStyle": "ISO, MDY", "integer_datetimes": "on",
        "is_superuser": "on", "padb_revision": "", "padb_version": "", "server_encoding": "UNICODE",
        "server_version": "8.0.2", "session_authorization": "dev", "TimeZone": "UTC",
    }  # fmt: skip
    assert told["padb_version"] in client.rows("select version()")[0][0]
    assert client.rows("select version()")[0][0].startswith("PostgreSQL 8.0.2 on ")
    assert client.rows("show server_version") == [("8.0.2",)]
    assert [kind for kind, _ in client.begun if kind != "S"] == ["R", "K", "Z"]


def test_parameters_are_honoured_and_reported(endpoint: Endpoint) -> None:
    """Also those that redshift_connector and JDBC tell of themselves."""
    given = {
        "application_name": "a test", "client_encoding": "utf-8", "datestyle": "German", "timezone": "Europe/Paris",
        "options": "-c query_group=night -csearch_path=a,b --statement-timeout=5000 -c wlm_query_slot_count=3",
        "client_protocol_version": "2", "driver_version": "a driver", "os_version": "an os", "plugin_name": "none",
    }  # fmt: skip
    with Client(endpoint.port, "dev", database="dev", **given) as client:
        told = statuses(client.begun)
        shown = {
            name: client.rows(f"show {name}")[0][0]
            for name in ("query_group", "search_path", "statement_timeout", "wlm_query_slot_count")
        }
        assert client.rows("select len('abc')") == [("3",)]
        client.ask(query("set query_group to 'day'; set search_path to c"))
        client.ask(query("reset all"))
        assert client.rows("show query_group") == [("night",)]
        assert client.rows("show search_path") == [("a,b",)]
    assert (told["application_name"], told["DateStyle"], told["TimeZone"]) == (
        "a test",
        "German, DMY",
        "Europe/Paris",
    )
    assert shown == {
        "query_group": "night", "search_path": "a,b", "statement_timeout": "5s", "wlm_query_slot_count": "3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"no_such_parameter": "1"}, "42704"),
        ({"options": "-c no_such_parameter=1"}, "42704"),
        ({"options": "-c session_preload_libraries=x"}, "42704"),  # PostgreSQL's, not Redshift's
        ({"options": "--config-file=x -d 5"}, "42601"),
        ({"client_encoding": "LATIN1"}, "22023"),
        ({"datestyle": "nonsense"}, "22023"),
    ],
)
def test_parameters_that_cannot_be(endpoint: Endpoint, given: dict[str, str], state: str) -> None:
    with Client(endpoint.port, "dev", **given) as client:
        told = error(client.begun)
    assert (told["S"], told["C"]) == ("FATAL", state)


def test_a_wrong_password_and_an_unknown_user_read_the_same(endpoint: Endpoint) -> None:
    for user, password in (("dev", "wrong"), ("nobody", "secret")):
        with Client(endpoint.port, user, password) as client:
            assert error(client.begun)["M"] == f'password authentication failed for user "{user}"'
            assert client.read() is None


@pytest.mark.parametrize(
    ("version", "given", "unknown"),
    [(3 << 16 | 2, {}, []), (3 << 16, {"_pq_.new": "1"}, ["_pq_.new"])],
)
def test_a_newer_protocol_is_negotiated(
    endpoint: Endpoint, version: int, given: dict[str, str], unknown: list[str]
) -> None:
    """NegotiateProtocolVersion: the newest version of the server, and the options that it does not know."""
    with Client(endpoint.port) as client:
        client.send(start(version, user="dev", **given))
        kind, body = client.read() or ("", b"")
        assert kind == "v"
        assert struct.unpack("!ii", body[:8]) == (3 << 16, len(unknown))
        assert body[8:].decode().split("\0")[:-1] == unknown
        assert client.log_in("dev", "secret")[-1] == ("Z", b"I")


def test_a_protocol_that_nobody_speaks(endpoint: Endpoint) -> None:
    with Client(endpoint.port) as client:
        client.send(start(4 << 16, user="dev"))
        assert error(client.until("E"))["M"].startswith("unsupported frontend protocol 4.0")


@pytest.mark.parametrize("code", [80877103, 80877104])
def test_encryption_is_declined_where_there_is_none(endpoint: Endpoint, code: int) -> None:
    with Client(endpoint.port) as client:
        client.send(struct.pack("!ii", 8, code))
        assert client.stream.read(1) == b"N"
        client.send(start(user="dev"))
        assert client.log_in("dev", "secret")[-1] == ("Z", b"I")


def test_what_set_changes_is_reported(client: Client) -> None:
    """As it is when a transaction takes it back."""
    assert statuses(client.ask(query("set datestyle to german"))) == {"DateStyle": "German, DMY"}
    assert statuses(client.ask(query("set application_name to 'x'"))) == {"application_name": "x"}
    client.ask(query("begin"))
    assert statuses(client.ask(query("set timezone to 'Asia/Tokyo'"))) == {"TimeZone": "Asia/Tokyo"}
    assert statuses(client.ask(query("rollback"))) == {"TimeZone": "UTC"}
    assert statuses(client.ask(query("set search_path to x; set query_group to y"))) == {}


def test_psycopg2s_reset_keeps_the_session_as_it_began(dsn: str) -> None:
    """It sends RESET ALL and SET SESSION AUTHORIZATION DEFAULT."""
    connection = psycopg2.connect(dsn, options="-c query_group=a")
    with connection, connection.cursor() as cursor:
        cursor.execute("set search_path to pg_temp; set query_group to b; set datestyle to german")
        connection.commit()
        connection.reset()
        cursor.execute("select getdate() is null, len('ab')")
        assert cursor.fetchall() == [(False, 2)]
        cursor.execute("show query_group")
        assert cursor.fetchall() == [("a",)]
        assert connection.get_parameter_status("DateStyle") == "ISO, MDY"
    connection.close()


# --- cancelling and ending


ENDLESS = "select count(*) from pg_class a, pg_class b, pg_class c, pg_class d"


def test_a_statement_is_cancelled_by_the_sessions_key(endpoint: Endpoint, client: Client) -> None:
    [key] = [body for kind, body in client.begun if kind == "K"]
    client.send(query(ENDLESS))
    time.sleep(0.3)
    with Client(endpoint.port) as other:
        other.send(struct.pack("!ii", 16, 80877102) + key[:4] + b"\0\0\0\0")  # not the key
        assert other.read() is None
    with Client(endpoint.port) as other:
        other.send(struct.pack("!ii", 16, 80877102) + key)
        assert other.read() is None
    assert error(client.until("Z"))["C"] == "57014"
    assert client.rows("select 1") == [("1",)]


def sessions(server: str) -> set[str]:
    """The sessions that PostgreSQL has."""
    with closing(psycopg2.connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute("select pid::text from pg_stat_activity where backend_type = 'client backend'")
        return {pid for (pid,) in cursor.fetchall()}


def until_gone(server: str, pids: set[str]) -> None:
    limit = time.monotonic() + 60
    while sessions(server) & pids:
        assert time.monotonic() < limit, "a session has stayed"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "how", ["terminate", "cut", "cut in a statement", "cut in a message", "cut in a portal"]
)
def test_a_client_that_leaves_leaves_nothing(endpoint: Endpoint, server: str, how: str) -> None:
    client = Client(endpoint.port, "dev")
    [(pid,)] = client.rows("select pg_backend_pid()")
    assert pid in sessions(server)
    match how:
        case "terminate":
            client.send(TERMINATE)
            assert client.read() is None
        case "cut in a statement":
            client.send(query(ENDLESS))
            time.sleep(0.2)
        case "cut in a message":
            client.send(query("select 1")[:-3])
        case "cut in a portal":
            client.send(query("select a.oid from pg_class a, pg_class b, pg_class c"))
            client.until("D")
    client.close()
    until_gone(server, {pid})


@pytest.mark.parametrize(
    "sent",
    [
        b"Q\x7f\xff\xff\xff",  # two gigabytes
        b"Q\0\0\0\3",
        b"Q\xff\xff\xff\xff",
        b"S\0\1\0\0",  # longer than such a message can be
        b"?\0\0\0\4",
        b"p\0\0\0\5\0",  # a password that nobody asked for
    ],
)
def test_a_message_that_breaks_the_protocol_ends_the_connection(client: Client, sent: bytes) -> None:
    client.send(sent)
    told = error(client.until(""))
    assert (told["S"], told["C"]) == ("FATAL", "08P01")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x7f\xff\xff\xff\0\3\0\0",
        b"\0\0\0\4\0\3\0\0",
        struct.pack("!ii", 12, 3 << 16) + b"user",  # no end
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_a_start_that_breaks_the_protocol_ends_the_connection(endpoint: Endpoint, sent: bytes) -> None:
    with Client(endpoint.port) as client:
        client.send(sent)
        assert error(client.until(""))["C"] in ("08P01", "0A000")


def test_a_password_that_is_no_text(endpoint: Endpoint) -> None:
    with Client(endpoint.port) as client:
        client.send(start(user="dev"))
        client.until("R")
        client.send(message(b"p", b"md5\xff\xfe\0"))
        assert error(client.until(""))["C"] == "28000"


def test_a_password_that_is_too_long(endpoint: Endpoint) -> None:
    with Client(endpoint.port) as client:
        client.send(start(user="dev"))
        client.until("R")
        client.send(message(b"p")[:1] + b"\x3f\xff\xff\xff")
        assert error(client.until(""))["C"] == "08P01"


def test_two_hundred_sessions_at_once(endpoint: Endpoint, server: str) -> None:
    pids, failures = set(), []

    def work() -> None:
        try:
            with Client(endpoint.port, "dev") as client:
                together.wait(120)
                pids.add(client.rows("select pg_backend_pid()")[0][0])
                together.wait(120)
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)
            together.abort()

    together = threading.Barrier(200)
    threads = [threading.Thread(target=work) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(pids) == 200
    until_gone(server, pids)


def test_an_end_is_seen_even_while_something_refers_to_the_stream(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error's traceback may hold it, and then closing the socket closes nothing yet."""
    answer, held = server._Session._answer, []

    def keep(session: server._Session, stream: BinaryIO) -> None:
        held.append(stream)
        answer(session, stream)

    monkeypatch.setattr(server._Session, "_answer", keep)
    with Client(endpoint.port, "dev") as client:
        client.socket.settimeout(10)
        client.send(TERMINATE)
        client.until("")
    assert held
