"""The server of the local Redshift through kills, races and unusual folders."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from redshift_local import ServerError, ensure, postgres, stop


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "warehouse"
    yield path
    stop(path)


def run(dsn: str, statement: str) -> list[tuple]:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def pid_file(folder: Path) -> Path:
    return folder / "data" / "postmaster.pid"


def postmaster(folder: Path) -> int:
    return int(pid_file(folder).read_text().splitlines()[0])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def in_another_process(folder: Path, **environment: str) -> subprocess.Popen:
    script = (
        "import pathlib, sys; import redshift_local;print(redshift_local.ensure(pathlib.Path(sys.argv[1])))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def test_starts_once_and_is_found_again(folder: Path) -> None:
    dsn = ensure(folder)
    first = postmaster(folder)
    assert ensure(folder) == dsn
    assert postmaster(folder) == first
    assert run(dsn, "select current_database()") == [("dev",)]


def test_the_database_has_the_name_that_was_asked_for(folder: Path) -> None:
    dsn = ensure(folder, "Sales 2018")
    assert run(dsn, "select current_database(), current_user") == [("Sales 2018", "Sales 2018")]
    assert ensure(folder, "Sales 2018") == dsn
    for _ in ("running", "stopped"):
        with pytest.raises(ServerError, match=f"the server of {folder} has no database dev"):
            ensure(folder)
        assert stop(folder)
    assert run(ensure(folder, "Sales 2018"), "select 1") == [(1,)]


def test_settings_are_durable_and_isolated_as_redshift(folder: Path) -> None:
    dsn = ensure(folder)
    names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "jit", "TimeZone")
    found = [run(dsn, f"show {name}")[0][0] for name in names]
    assert found == ["on", "on", "on", "", "off", "UTC"]
    assert run(dsn, "show transaction_isolation") == [("repeatable read",)]


def test_isolation_gives_way_to_pgoptions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dsn = ensure(folder)
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_isolation=serializable")
    assert run(dsn, "show transaction_isolation") == [("serializable",)]


def test_stop_keeps_what_was_committed(folder: Path) -> None:
    run(ensure(folder), "create table t as select 1 as x")
    assert stop(folder)
    assert not stop(folder)
    assert not pid_file(folder).exists()
    assert run(ensure(folder), "select x from t") == [(1,)]


def test_stop_waits_for_a_server_that_is_being_started(folder: Path) -> None:
    folder.mkdir()
    lock = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(stop, folder)
        time.sleep(0.3)
        assert not stopped.done()
        os.close(lock)  # the start failed
        assert stopped.result(10) is False


def test_a_killed_postmaster_is_started_again_and_nothing_committed_is_lost(folder: Path) -> None:
    dsn = ensure(folder)
    run(dsn, "create table t (x integer)")
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        for x in range(50):
            cursor.execute("insert into t values (%s)", (x,))
            connection.commit()
        kill(postmaster(folder))
        assert run(ensure(folder), "select count(*) from t") == [(50,)]


def test_what_is_left_of_a_killed_server_is_waited_for(folder: Path) -> None:
    """A child that outlives its postmaster may still write: two servers on one folder would destroy it."""
    dsn = ensure(folder)
    connection = psycopg2.connect(dsn)
    child = connection.info.backend_pid
    os.kill(child, signal.SIGSTOP)
    kill(postmaster(folder))
    with ThreadPoolExecutor() as pool:
        again = pool.submit(ensure, folder)
        time.sleep(0.5)
        assert not again.done()
        kill(child)
        assert run(again.result(30), "select 1") == [(1,)]


def test_a_process_id_that_is_now_somebody_elses_does_not_matter(folder: Path) -> None:
    ensure(folder)
    lines = pid_file(folder).read_text().splitlines()
    stop(folder)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file(folder).write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert run(ensure(folder), "select 1") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("content", ["", "99999999\n", "garbage\n"])
def test_a_stale_pid_file_does_not_matter(folder: Path, content: str) -> None:
    ensure(folder)
    stop(folder)
    pid_file(folder).write_text(content)
    assert run(ensure(folder), "select 1") == [(1,)]


def test_an_interrupted_initialisation_is_repeated(folder: Path) -> None:
    (folder / "data.new" / "base").mkdir(parents=True)
    assert run(ensure(folder), "select 1") == [(1,)]


def test_many_processes_start_one_server(folder: Path) -> None:
    processes = [in_another_process(folder) for _ in range(6)]
    answers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert all(process.returncode == 0 for process in processes)
    assert len(answers) == 1
    assert run(answers.pop(), "select count(*) from pg_database where datname = 'dev'") == [(1,)]


def test_a_process_with_another_temporary_folder_finds_it(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    dsn = ensure(folder)
    process = in_another_process(folder, TMPDIR=str(elsewhere))
    assert process.communicate(timeout=60)[0].strip() == dsn


def test_a_long_temporary_folder_is_no_obstacle(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a socket has at most 107 bytes: unix(7)."""
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert run(ensure(folder), "select 1") == [(1,)]


def test_a_deleted_socket_is_created_again(folder: Path) -> None:
    ensure(folder)
    sockets = Path(pid_file(folder).read_text().splitlines()[4])
    for path in sockets.iterdir():
        path.unlink()
    assert run(ensure(folder), "select 1") == [(1,)]


def test_folders_that_only_the_caller_may_enter(tmp_path: Path) -> None:
    """As root the server runs as another user, and neither the folder nor those above it get other permissions."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    folder = private / "a folder's \\ name" / "warehouse"
    binaries = private / "bin"
    binaries.symlink_to(postgres._binaries(None))
    dsn = ensure(folder, bin_directory=binaries)
    try:
        assert run(dsn, "select 1") == [(1,)]
        assert private.stat().st_mode & 0o777 == 0o700
        assert private.stat().st_uid == os.geteuid()
    finally:
        assert stop(folder, bin_directory=binaries)


def test_root_does_not_run_it(folder: Path) -> None:
    ensure(folder)
    owner = Path(f"/proc/{postmaster(folder)}").stat().st_uid
    assert owner == (pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid())


def test_only_its_owner_reaches_the_socket(folder: Path) -> None:
    ensure(folder)
    sockets = Path(pid_file(folder).read_text().splitlines()[4])
    assert sockets.stat().st_mode & 0o777 == 0o700


def test_no_binaries(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"no PostgreSQL in .*: postgres, initdb, pg_ctl missing"):
        ensure(folder, bin_directory=tmp_path)


def test_a_cluster_that_cannot_be_made_says_why_and_no_more(folder: Path) -> None:
    """A limit of two megabytes a file, which stops it as a full disk does."""
    made = (
        "import pathlib, resource, sys, redshift_local\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "try: redshift_local.ensure(pathlib.Path(sys.argv[1]))\n"
        "except redshift_local.ServerError as error: print(error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", made, str(folder)], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith(f"initdb failed in {folder}: FATAL: could not write to file ")
    assert said.endswith(": File too large\n")
    assert not (folder / "data").exists()


def test_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ServerError, match=r"the server's folder .*file/warehouse cannot be written: Not a directory"
    ):
        ensure(tmp_path / "file" / "warehouse")


def test_a_start_that_fails_says_why(folder: Path) -> None:
    ensure(folder)
    stop(folder)
    (folder / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServerError, match=r"did not start: .*initialized by PostgreSQL version 12"):
        ensure(folder)


def test_root_without_setpriv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres.shutil, "which", lambda name: None)
    with pytest.raises(ServerError, match="setpriv"):
        postgres._as_server_user(folder, folder)


def test_a_start_killed_before_its_database_was_made_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    dsn = postgres.ensure(folder)
    try:
        with closing(psycopg2.connect(dsn.replace("dbname=dev", "dbname=postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute("drop database dev")
        assert postgres.ensure(folder) == dsn
        psycopg2.connect(dsn).close()
    finally:
        postgres.stop(folder)
