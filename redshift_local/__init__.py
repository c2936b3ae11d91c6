"""The local Redshift: the part of Redshift's SQL that has an equal in PostgreSQL, on a PostgreSQL 18 of this machine.

    dsn = redshift_local.ensure(Path("data"))       # starts the server, unless it runs
    connection = redshift_local.connect(dsn)        # psycopg2's connection, for Redshift's SQL
    with connection, connection.cursor() as cursor:
        cursor.execute("create table plays (user_id integer, song varchar(256)) distkey (user_id)")
        cursor.execute("copy plays from 's3://bucket/plays/' iam_role default format json 'auto'")
    redshift_local.stop(Path("data"))

The public API:

- `ensure(folder, database)` and `stop(folder)`: the server whose data lies in a folder. They raise `ServerError`.
- `connect(dsn, lookups=...)`: a session on it, or on any PostgreSQL from 18 on. A statement that Redshift does not run
  raises `NotPortable`; a COPY that fails raises `CopyError`. Both are psycopg2's errors, as all others are.
- `refusals(sql)`: what Redshift would refuse of a text, without a server.
- `redshift_local.copy.records`: the records of a JSON file and their lines, as COPY counts them.
- `redshift_local.s3_errors`: what an error of boto3 means: a missing permission, or trouble on the way.
- `redshift_local.endpoint`: the wire protocol in front of it, so that any client takes it for a cluster.

Inside, `postgres` starts the server and `session` carries out what `dialect` makes of a statement; `portability` lists
what is refused, and `copy` carries out COPY ... FORMAT JSON. Does not belong here: anything that knows a project's
tables. Nothing here imports the rest of the repository.
"""

from __future__ import annotations

from redshift_local.copy.objects import CopyError
from redshift_local.dialect import NotPortable, Refusal, refusals
from redshift_local.postgres import ServerError, ensure, stop
from redshift_local.session import Connection, connect

__all__ = [
    "Connection",
    "CopyError",
    "NotPortable",
    "Refusal",
    "ServerError",
    "connect",
    "ensure",
    "refusals",
    "stop",
]
