"""What every client's script shares: where the local Redshift is, the table that it works on, and the report of a step.

The runner hands over the server in libpq's variables (PGHOST and the rest) and the emulated S3 in AWS's. Only Python's
standard library is used here, for each script runs in an environment of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

HOST, PORT = os.environ["PGHOST"], int(os.environ["PGPORT"])
DATABASE, USER, PASSWORD = (os.environ[name] for name in ("PGDATABASE", "PGUSER", "PGPASSWORD"))
ROOT_CERTIFICATE = os.environ["PGSSLROOTCERT"]
LOGIN = {"host": HOST, "port": PORT, "database": DATABASE, "user": USER, "password": PASSWORD}

#: The schema that the client has for itself, a bucket that exists, and the objects that COPY reads.
SCHEMA, BUCKET = os.environ["CLIENT_SCHEMA"], os.environ["CLIENT_BUCKET"]
ITEMS = f"s3://{BUCKET}/items.json"
ROLE = "arn:aws:iam::123456789012:role/reads-s3"

COLUMNS = """
    id integer not null, name varchar(20), price decimal(8, 2), made date, at timestamp, good boolean,
    weight double precision
"""
CREATE = f"create table {SCHEMA}.items ({COLUMNS}) distkey (id) sortkey (made)"
NAMES = ("id", "name", "price", "made", "at", "good", "weight")
_TYPES = (
    "integer",
    "character varying",
    "numeric",
    "date",
    "timestamp without time zone",
    "boolean",
    "double precision",
)
_TIMES = [dt.datetime.fromisoformat(text) for text in ("2026-11-01 12:30:00.250", "1999-12-31 23:59:59")]
ROWS = [
    (1, "O'Hara", Decimal("3.50"), _TIMES[0].date(), _TIMES[0], True, 0.5),
    (2, "Žofie", Decimal("-20.00"), _TIMES[1].date(), _TIMES[1], False, -1e10),
    (3, None, None, None, None, None, None),
]

#: The text that a person pastes into each tool, by the tool's name. It asks for 41 + 1.
PASTES: dict[str, str] = json.loads(os.environ["CLIENT_PASTES"])

LIST = f"select table_name from svv_tables where table_schema = '{SCHEMA}'"
REFLECT = f"""
    select column_name, data_type from svv_columns
    where table_schema = '{SCHEMA}' and table_name = 'items' order by ordinal_position
"""
REFLECTED = list(zip(NAMES, _TYPES, strict=True))
COPY = f"copy {SCHEMA}.items from '{ITEMS}' iam_role '{ROLE}' format json 'auto'"
UNLOAD = f"unload ('select id, name from {SCHEMA}.items') to 's3://{BUCKET}/{SCHEMA}/' iam_role '{ROLE}' format parquet"


@contextmanager
def step(name: str) -> Iterator[None]:
    """Report what was tried: one line of JSON, with the error if there was one. The script goes on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a client raises is what is asked
        said = " ".join(f"{type(error).__name__}: {error}".split())
        _tell({"step": name, "error": said})
    else:
        _tell({"step": name})


def ran(*words: str) -> str:
    """What a command prints. Raises RuntimeError, with its message, if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)  # noqa: PLW1510 - the code is looked at
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _tell(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def same(found: object, expected: object) -> None:
    """Raise AssertionError, with both values, unless they are equal."""
    if found != expected:
        raise AssertionError(f"{found!r} is not {expected!r}")
