"""Random messages, lengths and cuts: no client ends the endpoint, hangs it, or makes it grow.

The seed is printed with a failure; FUZZ_SEED repeats it. The long form runs with `make soak`.
"""

from __future__ import annotations

import gc
import os
import random
import resource
import socket
import struct
import threading
import time
import traceback
from pathlib import Path

import pytest
from wire_client import (
    FLUSH,
    SYNC,
    TERMINATE,
    Client,
    bind,
    close,
    describe,
    execute,
    message,
    parse,
    query,
    start,
)

from redshift_local.endpoint.server import Endpoint

STATEMENTS = [
    "", "select 1", "selec", "select $1::integer", "select repeat('x', 1000) from pg_class limit 9", "begin", "commit",
    "rollback", "create temp table t (a integer) distkey (a)", "insert into t values (1)", "truncate t", "analyze t",
    "set query_group to a", "alter table t alter distkey a", "select 1; select 2", "begin; analyze t; select 1/0",
    "show all", "reset all", "'", "create temp table u as select 1 as a", "select 'ä\\'' -- ", "vacuum t",
    "copy t from 's3://none' iam_role default json 'auto'", "declare c cursor for select oid from pg_class",
    "fetch forward 10 from c", "prepare s as select 1", "execute s", "deallocate s", "select distinct on (a) a from t",
    "create temp table t (a varchar(9), b decimal(8, 2))", "select 1 as x, x + 1 as y", "select b / 2.5 from t",
]  # fmt: skip
NAMES = ["", "s", "p", "longer name"]


class Fuzzer:
    """One session after the other, each with random messages."""

    def __init__(self, port: int, seed: str) -> None:
        self.port, self.random = port, random.Random(seed)
        self.broken = False  # this session has sent what is no message

    def run(self) -> None:
        """One session, from its start to its end. Raises TimeoutError if the server does not answer."""
        draw, self.broken = self.random, False
        logs_in = draw.random() < 0.9
        with Client(
            self.port, "dev" * logs_in, draw.choice(["secret", "secret", "secret", "wrong"])
        ) as client:
            try:
                if not logs_in:
                    client.send(self._start())
                for _ in range(draw.randrange(12) * logs_in):
                    client.send(*(self._message() for _ in range(draw.randrange(1, 8))))
                match draw.choice(["sync", "half", "cut"]):
                    case "sync" if (
                        logs_in and not self.broken
                    ):  # else the server may wait for the rest of a message
                        client.send(SYNC, TERMINATE)
                        client.until("")
                    case "half":
                        client.socket.shutdown(socket.SHUT_WR)
                        client.until("")
            except TimeoutError:
                raise
            except OSError:
                pass  # the server has ended the session before everything was sent

    def _start(self) -> bytes:
        draw = self.random
        whole = draw.choice(
            [
                start(
                    draw.choice([3 << 16, 3 << 16 | 9, 2 << 16, 0]), user="dev", **{draw.choice("abc"): "x"}
                ),
                struct.pack(
                    "!ii", draw.choice([8, 16, 2**31 - 1, -1, 0]), draw.choice([80877103, 80877102, 80877104])
                ),
                draw.randbytes(draw.randrange(200)),
            ]
        )
        return whole[: draw.randrange(1, len(whole) + 1)] if whole else b""

    def _message(self) -> bytes:
        draw = self.random
        name, other = draw.choice(NAMES), draw.choice(NAMES)
        whole = draw.choice(
            [
                lambda: query(draw.choice(STATEMENTS)),
                lambda: parse(draw.choice(STATEMENTS), name),
                lambda: bind(
                    *[b"1" * draw.choice([1, 1, 1, 99_999])] * draw.randrange(3),
                    name=name,
                    portal=other,
                    binary_result=draw.random() < 0.5,
                ),
                lambda: describe(draw.choice("SPX"), name),
                lambda: execute(name, draw.choice([0, 1, 7])),
                lambda: close(draw.choice("SP"), name),
                lambda: SYNC,
                lambda: FLUSH,
                lambda: message(draw.choice([b"d", b"c", b"f", b"F"]), draw.randbytes(draw.randrange(20))),
            ]
        )()
        damage = draw.randrange(120)
        self.broken = self.broken or damage < 4
        match damage:
            case 0:
                return draw.randbytes(draw.randrange(1, 50))
            case 1:
                return whole[:1] + struct.pack("!i", draw.choice([-1, 0, 3, 2**30, 2**31 - 1])) + whole[5:]
            case 2:
                at = draw.randrange(len(whole))
                return whole[:at] + draw.randbytes(1) + whole[at + 1 :]
            case 3:
                return message(whole[:1], draw.randbytes(draw.randrange(60)))
        return whole


def memory() -> int:
    """What this process holds, in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def fuzz(endpoint: Endpoint, seconds: float, workers: int) -> None:
    """Fuzz the endpoint from several sessions at once; it serves as before, and has not grown."""
    seed = os.environ.get("FUZZ_SEED") or str(time.time_ns())
    failures: list[str] = []

    def work(number: int, until: float) -> None:
        fuzzer = Fuzzer(endpoint.port, f"{seed} {number}")
        try:
            while time.monotonic() < until and not failures:
                fuzzer.run()
        except Exception:  # noqa: BLE001
            failures.append(traceback.format_exc())

    def phase(length: float, offset: int) -> None:
        until = time.monotonic() + length
        threads = [threading.Thread(target=work, args=(offset + n, until)) for n in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, f"FUZZ_SEED='{seed}'\n{failures[0]}"

    phase(min(seconds / 2, 60), 0)  # caches fill, and threads get their arenas of memory
    before, threads = memory(), threading.active_count()
    phase(seconds, workers)
    with Client(endpoint.port, "dev") as client:
        assert client.rows("select 1") == [("1",)]
    limit = time.monotonic() + 60
    while endpoint.sessions() or threading.active_count() > threads:
        assert time.monotonic() < limit, f"a session has stayed: FUZZ_SEED='{seed}'"
        time.sleep(0.05)
    assert memory() - before < 48_000_000, f"the endpoint has grown: FUZZ_SEED='{seed}'"


def test_random_messages(endpoint: Endpoint) -> None:
    fuzz(endpoint, 6, 4)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_random_messages_for_ten_minutes(endpoint: Endpoint) -> None:
    fuzz(endpoint, 600, 8)


def test_long_texts_are_not_kept(endpoint: Endpoint) -> None:
    """12 MB of statements that have to be rewritten, or about which the server is asked, in one session."""

    def ask(number: int) -> None:
        long = ("x" * 100_000) + str(number)
        assert client.rows(f"select len('{long}'), nvl2(1, dateadd(day, 1, getdate()), null) is null")
        assert client.rows(f"select len('{long}') as a, a + 1 as b")

    with Client(endpoint.port, "dev") as client:
        ask(0)
        before = memory()
        for number in range(1, 60):
            ask(number)
        assert memory() - before < 8_000_000


def test_a_large_result_takes_no_memory(endpoint: Endpoint) -> None:
    """600 MB through one session, by both ways of asking."""
    text = "select repeat(md5('x'), 1000) from (select a.oid from pg_class a, pg_class b limit 9000) as many"
    with Client(endpoint.port, "dev") as client:
        before = memory()
        highest = 0
        for sent in ([query(text)], [parse(text), bind(), execute(), SYNC]):
            client.send(*sent)
            received = client.read()
            while received and received[0] != "Z":
                assert received[0] != "E", received
                received = client.read()
                highest = max(highest, len(received[1]) if received else 0)
        assert highest > 32_000
        assert memory() - before < 16_000_000
