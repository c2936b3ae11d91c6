"""`python -m redshift_local serve`: a local Redshift at a port of this machine, for any client, until Ctrl-C.

Belongs here: what is told to whom at the start, one endpoint for a folder, ending it. Does not belong here: users and
their rights (`endpoint.accounts`), the protocol (`endpoint.server`).

It listens on loopback only. The folder holds the certificate (`tls/`) and a file that the process locks while it
serves (`serve.lock`); the password is nowhere but in the server's catalog, as a digest.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import os
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import Any

import psycopg2

import redshift_local
from redshift_local.endpoint.accounts import Accounts
from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.server import Endpoint
from redshift_local.endpoint.users import fault_of_password, make_password
from redshift_local.login import Login
from redshift_local.postgres import ServerError

HOST, PORT = "127.0.0.1", 5439  # the port of Redshift's clusters
LAST_PORT = 65535
PASSWORD = "REDSHIFT_LOCAL_PASSWORD"  # noqa: S105 - the name of a variable

#: The file of a folder that the process which serves it locks.
LOCK = "serve.lock"

#: What stands where a password belongs that is not shown.
HIDDEN = "YOUR_PASSWORD"


@contextmanager
def serving(
    administrator: str,
    folder: Path,
    *,
    login: Login,
    own: bool = True,
    only: str = "",
    superuser: bool = False,
    open_public: bool = False,
    plain: bool = False,
    folders: Sequence[Path] = (),
    grant: Callable[[], None] | None = None,
) -> Iterator[Login]:
    """Serve the server whose administrator's connection string is given, to a user and to those that SQL makes. Whoever
    calls this is `alone` with the folder, in which the certificate is kept.

    `login` says at which port and to whom, and is given back with the certificate's file, and with the port if it was
    0. `grant` is called when the user exists and nobody can have logged in yet. The other parameters are those of
    `Accounts`; `plain` lets unencrypted connections in, too. Raises ServerError.
    """
    from redshift_local.endpoint import certificate  # here, so that no other command waits for cryptography

    try:
        root, context = certificate.ensure(folder / "tls")
    except OSError as error:
        raise ServerError(f"the certificate cannot be kept in {folder}: {error.strerror}") from None
    try:
        accounts = Accounts(administrator, own=own, only=only, open_public=open_public, folders=folders)
        accounts.add(login.user, login.password, superuser=superuser)
        accounts.prepare(login.database)
    except (psycopg2.Error, Refusal) as error:
        raise ServerError(f"user {login.user} cannot be made: {' '.join(str(error).split())}") from None
    try:
        if grant:
            grant()
        with _listening(login, context, accounts, plain) as endpoint:
            yield replace(login, port=endpoint.port, sslrootcert=str(root))
    finally:
        with suppress(psycopg2.Error):
            accounts.end(login.user)


def _listening(login: Login, context: ssl.SSLContext, accounts: Accounts, plain: bool) -> Endpoint:
    try:
        return Endpoint(
            context, accounts.engine, accounts.password, host=login.host, port=login.port, plain=plain
        )
    except OSError as error:
        raise ServerError(_why_not(error, login)) from None


def _port(text: str) -> int:
    """A port, or 0. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: it takes 0 to {LAST_PORT}")
    return int(text)


def _why_not(error: OSError, login: Login) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {login.port} is in use on {login.host}; choose another with --port, or 0 for any that is free"
    return f"port {login.port} cannot be served on {login.host}: {error.strerror}"


@contextmanager
def alone(folder: Path, port: int) -> Iterator[None]:
    """Be the only one to serve a folder: a second one would change the first one's password.

    Raises ServerError if somebody else serves it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise ServerError(f"{folder} cannot be written: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServerError(f"{folder} is served already, {lock.read()}; end that first") from None
        lock.truncate(0)
        lock.write(f"at port {port} by process {os.getpid()}")
        lock.flush()
        yield


def is_served(folder: Path) -> bool:
    """Whether a process serves a folder now. It holds the lock, and the kernel takes that from it however it ends."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def chosen_password(variable: str, file: Path | None) -> tuple[str, bool]:
    """The password of a file or of an environment variable, else one made anew; and whether it was made.

    Raises ServerError for a file that cannot be read, and for what Redshift takes for no password.
    """
    if file is None and variable not in os.environ:
        return make_password(), True
    try:
        given = file.read_text().rstrip("\r\n") if file else os.environ[variable]
    except (OSError, UnicodeDecodeError) as error:
        raise ServerError(f"the password's file {file} cannot be read: {error}") from None
    if fault := fault_of_password(given):
        raise ServerError(f"{file or variable}: {fault}")
    return given, False


def told(login: Login, *, what: str, query: str, made: bool) -> str:
    """What a person is told at the start. A password that was not made here is not shown."""
    shown = login if made else replace(login, password=HIDDEN)
    until = "shown once; the next start makes another" if made else "as given"
    tools = "\n".join(
        f"\n{paste.title}\n{indent(paste.text, '  ')}" for paste in shown.pastes(query).values()
    )
    return (
        f"{what} is served at {login.host}:{login.port}; Ctrl-C ends it.\n\n"
        f"  database    {login.database}\n"
        f"  user        {login.user}\n"
        f"  password    {shown.password}   ({until})\n"
        f"  certificate {login.sslrootcert}\n"
        f"{tools}\n"
    )


@contextmanager
def until_ended() -> Iterator[Callable[[], None]]:
    """A function that waits for Ctrl-C, SIGTERM or SIGHUP, each of which is noted from the beginning on."""
    ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # as under nohup
        ends.remove(signal.SIGHUP)
    asked: list[int] = []
    # Also for SIGINT: a shell makes what it starts in the background ignore it.
    before = {number: signal.signal(number, lambda given, _: asked.append(given)) for number in ends}

    def wait() -> None:
        while not asked:
            time.sleep(0.2)

    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the command --------------------------------------------------------------------------------------------------


def add_command(commands: Any) -> None:
    """Add `serve` to the package's commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "serve",
        help="serve a local Redshift at a port of this machine",
        description="Serve the local Redshift of a folder at a port of this machine, over TLS, until Ctrl-C. The"
        f" password is made anew at each start, unless {PASSWORD} or a file gives one.",
    )
    parser.add_argument(
        "--data", type=Path, default=Path("redshift"), help="the server's folder (./redshift)"
    )
    parser.add_argument(
        "--port", type=_port, default=PORT, help=f"the port on {HOST} ({PORT}; 0 for any that is free)"
    )
    parser.add_argument("--database", default="dev", help="the database (dev)")
    parser.add_argument(
        "--user", help="the user: awsuser, a superuser of Redshift, or reader if it is --read-only"
    )
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="a file with the user's password")
    parser.add_argument("--read-only", action="store_true", help="the user only reads what is there")
    parser.add_argument("--allow-plain", action="store_true", help="take connections without TLS, too")
    parser.add_argument(
        "--allow", action="append", type=Path, default=[], metavar="FOLDER",
        help="let COPY read the files of a folder, beside S3; may be repeated",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how the login is printed")
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    try:
        _serve(given)
    except (ServerError, psycopg2.Error) as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 1
    return 0


def _serve(given: argparse.Namespace) -> None:
    folder = _data_folder(given.data)
    folders = [_readable_folder(path) for path in given.allow]
    password, made = chosen_password(PASSWORD, given.password_file)
    user = given.user or ("reader" if given.read_only else "awsuser")
    login = Login(HOST, given.port, given.database, user, password, "")
    with until_ended() as wait, alone(folder, given.port):
        dsn = redshift_local.ensure(folder, given.database)
        try:
            redshift_local.connect(dsn).close()  # the catalog is there
            served = serving(
                dsn, folder, login=login, superuser=not given.read_only, open_public=not given.read_only,
                plain=given.allow_plain, folders=folders,
                grant=partial(_let_read, dsn, user) if given.read_only else None,
            )  # fmt: skip
            with served as opened:
                text = told(opened, what=str(folder), query="select getdate()", made=made)
                sys.stdout.write(opened.as_json() + "\n" if given.format == "json" else text)
                sys.stdout.flush()
                wait()
        finally:
            _stop_if_unused(folder, dsn)
    sys.stderr.write("The local Redshift is not served any more.\n")


def _let_read(dsn: str, user: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_READS_ALL, {"user": user})


def _data_folder(path: Path) -> Path:
    """The server's folder. Raises ServerError for one that holds something else."""
    folder = path.absolute()
    if folder.exists() and not folder.is_dir():
        raise ServerError(f"{folder} is no folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "server.lock").exists():
        raise ServerError(f"{folder} holds other files: it is no data folder of a local Redshift")
    return folder


def _readable_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ServerError(f"--allow {path}: there is no such folder")
    return path.resolve()


def _stop_if_unused(folder: Path, dsn: str) -> None:
    with suppress(psycopg2.Error):
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(_OTHERS)
            [(others,)] = cursor.fetchall()
        if not others:
            redshift_local.stop(folder)


_OTHERS = """
    select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
"""

#: Reading what is there, and what the administrator makes later; not the package's own tables.
_READS_ALL = """
    do $$
        declare
            schema name;
            reader name := %(user)s;
        begin
            for schema in select nspname from pg_namespace where nspname !~ '^(pg_|redshift|information_schema$)' loop
                execute format('grant usage on schema %%I to %%I', schema, reader);
                execute format('grant select on all tables in schema %%I to %%I', schema, reader);
            end loop;
            execute format('alter default privileges grant usage on schemas to %%I', reader);
            execute format('alter default privileges grant select on tables to %%I', reader);
        end
    $$
"""
