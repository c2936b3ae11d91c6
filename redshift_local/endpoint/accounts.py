"""The users of a server behind an endpoint: who may log in, to which database, and as whom the session then runs.

Belongs here: passwords, superusers of Redshift, databases. Does not belong here: CREATE USER (`users`), how a password
travels (`wire`), what a session does (`session`).

A session is a PostgreSQL session of the very role that logged in, so PostgreSQL's own rights hold, whatever statement
comes. The administrator, who is PostgreSQL's superuser, never logs in through an endpoint: with the administrator's
rights the endpoint runs only statements of its own, on connections that no client shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import encrypt_password, make_dsn
from psycopg2.sql import SQL, Identifier, Literal

from redshift_local.endpoint import wire
from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.session import Engine
from redshift_local.endpoint.users import SUPERUSER
from redshift_local.postgres import ServerError
from redshift_local.search_path import apart

if TYPE_CHECKING:
    from redshift_local.endpoint.cluster import ClusterState  # which imports boto3


class Accounts:
    """The users of the server whose administrator's connection string is `administrator`.

    On a server of the package's `own`, which trusts its socket, users have the passwords of its catalog; on another one
    only those log in who get their password here. If `only` one database is named, sessions are in no other. COPY reads
    files in `folders` only. With `open_public` everybody may make tables in schema public, as on Redshift; without it
    nobody may, so that sessions of the administrator can search it.
    """

    def __init__(
        self,
        administrator: str,
        *,
        own: bool = True,
        only: str = "",
        open_public: bool = True,
        folders: Sequence[Path] = (),
        cluster: ClusterState | None = None,
    ) -> None:
        self._administrator, self._own, self._only = administrator, own, only
        self._open_public = open_public
        self._folders, self._cluster = folders, cluster
        self._known: dict[str, str] = {}
        self._prepared: set[int] = set()
        self._one_at_a_time = Lock()  # many who log in at once must not use up the server's connections
        if own:
            self._run(_text("roles.sql"))

    def add(self, user: str, password: str, *, superuser: bool = False) -> None:
        """Give a user a password, and create the user if there is none of this name.

        Raises ServerError if the server has a superuser of this name, psycopg2.Error if the administrator may not.
        """
        name, group = Identifier(user), Identifier(SUPERUSER)
        with closing(self._connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(_KIND, {"user": user, "superuser": SUPERUSER})
            if not (found := cursor.fetchone()):
                cursor.execute(SQL("create role {}").format(name))
            elif found[0]:
                raise ServerError(f"{user} is the server's own user, who never logs in from outside")
            elif found[1] and not superuser:
                raise ServerError(f"{user} is a superuser already; choose another user to have fewer rights")
            cursor.execute("set md5_password_warnings = off")
            kept = (
                wire.md5_digest(user, password)
                if self._own
                else encrypt_password(password, user, connection, _SCRAM)
            )
            cursor.execute(SQL("alter role {} login password {}").format(name, Literal(kept)))
            if superuser:
                cursor.execute(SQL("alter role {} createdb createrole").format(name))
                cursor.execute(SQL("grant {} to {} with admin option").format(group, name))
        self._known[user] = password

    def end(self, user: str) -> None:
        """Take a user's password away. Raises psycopg2.Error."""
        with closing(self._connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(SQL("alter role {} password null").format(Identifier(user)))
        self._known.pop(user, None)

    def password(self, user: str) -> str | None:
        """The password, or its digest, of a user who may log in. Raises Refusal."""
        if not self._own:
            return self._known.get(user)
        found = self._run(_MAY_LOG_IN, user)
        return str(found[0][0]) if found else None

    def engine(self, database: str, user: str, options: str) -> Engine:
        """A session of a user. Raises Refusal."""
        self.prepare(database)
        return Engine(
            make_dsn(self._administrator, dbname=database),
            user,
            self._cluster,
            options,
            password=self._known.get(user, ""),
            folders=self._folders,
        )

    def prepare(self, database: str) -> None:
        """Take from everybody in a database what only PostgreSQL gives. Raises Refusal if there is none for users."""
        found = self._run(_DATABASE, database)
        if not found or self._only not in ("", database):
            raise Refusal("3D000", f'database "{database}" does not exist')
        [(number,)] = found
        if self._own and number not in self._prepared:
            self._run(_text("database.sql"), database=database)
            change = "grant create on schema public to" if self._open_public else _CLOSE_PUBLIC
            self._run(f"{change} public", database=database)
            self._prepared.add(number)

    def _run(self, sql: str, *given: str, database: str = "") -> list[tuple[Any, ...]]:
        try:
            with (
                self._one_at_a_time,
                closing(self._connect(database)) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(sql, given or None)
                return cursor.fetchall() if cursor.description else []
        except psycopg2.OperationalError as error:
            raise Refusal("57P03", f"the server does not answer: {' '.join(str(error).split())}") from None

    def _connect(self, database: str = "") -> PlainConnection:
        """A connection of the administrator's, for statements of the package's own."""
        return psycopg2.connect(apart(self._administrator, {"dbname": database} if database else {}))


_CLOSE_PUBLIC = "revoke create on schema public from"
_SCRAM = "scram-sha-256"

#: Those of SQL's users whose password has not expired; never the server's superuser.
_MAY_LOG_IN = """
    select rolpassword
    from pg_authid
    where rolname = %s and rolcanlogin and not rolsuper and rolpassword like 'md5%%'
        and coalesce(rolvaliduntil > now(), true)
"""
_KIND = """
    select
        rolsuper,
        pg_has_role(oid, (select oid from pg_roles where rolname = %(superuser)s), 'member') is true
    from pg_roles
    where rolname = %(user)s
"""
_DATABASE = """
    select oid::bigint
    from pg_database
    where datname = %s and datallowconn and not datistemplate and datname <> 'postgres'
"""


@lru_cache
def _text(name: str) -> str:
    return files("redshift_local").joinpath("sql", name).read_text("utf-8")
