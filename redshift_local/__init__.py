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
- `refusals(sql)`: what Redshift would refuse in a text of SQL. This needs no server.
- `read_records(source)` and `read_blocks(source)`: the records of a JSON file and their lines, as COPY counts them.
  Each is a `Record`, and many at once are a `Block`. `parse_value(text)` is the value of one JSON text.
- `redshift_local.s3_errors`: what an error of boto3 means, such as a missing permission or a transient failure.
- `redshift_local.s3_listing` and `redshift_local.s3_reading`: S3 as COPY lists and reads it, at a tenth of boto3's CPU.
- `redshift_local.serve` and `redshift_local.login`: serving it at a port of this machine, and what its users are told.
- `redshift_local.endpoint`: the wire protocol in front of it, so that any client can use it as a cluster.

Inside, `postgres` starts the server and `session` carries out what `dialect` makes of a statement; `portability` lists
what is refused, and `copy` carries out COPY ... FORMAT JSON. Does not belong here: anything that knows a project's
tables. Nothing here imports the rest of the repository.
"""

from __future__ import annotations

from redshift_local.copy.objects import CopyError
from redshift_local.copy.records import Block, Record, parse_value, read_blocks, read_records
from redshift_local.postgres import ServerError, ensure, stop
from redshift_local.refusing import Refusal, refusals
from redshift_local.session import Connection, connect
from redshift_local.tokens import NotPortable, is_whole, split

__all__ = [
    "Block",
    "Connection",
    "CopyError",
    "NotPortable",
    "Record",
    "Refusal",
    "ServerError",
    "connect",
    "ensure",
    "is_whole",
    "parse_value",
    "read_blocks",
    "read_records",
    "refusals",
    "split",
    "stop",
]
