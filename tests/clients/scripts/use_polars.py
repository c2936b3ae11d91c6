"""Polars: reads through AWS's driver, SQLAlchemy, connectorx and ADBC, and writes through SQLAlchemy."""

from urllib.parse import quote

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import psycopg2
import redshift_connector
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from steps import CREATE, DATABASE, HOST, LOGIN, PASSWORD, PORT, ROOT_CERTIFICATE, SCHEMA, USER, same, step

query = f"select id, name, weight from {SCHEMA}.items order by id"
expected = pl.DataFrame(
    {"id": [1, 2], "name": ["O'Hara", None], "weight": [0.5, -1.0]}, schema_overrides={"id": pl.Int32}
)
login = f"{USER}:{quote(PASSWORD)}@{HOST}:{PORT}/{DATABASE}"
tls = f"sslmode=verify-full&sslrootcert={quote(ROOT_CERTIFICATE)}"


def check(found: pl.DataFrame) -> None:
    assert_frame_equal(found, expected, check_dtypes=False)


with step("connect"):
    plain = psycopg2.connect("")
    with plain, plain.cursor() as cursor:
        cursor.execute(f"create schema {SCHEMA}")
        cursor.execute(CREATE)
        cursor.execute(
            f"insert into {SCHEMA}.items (id, name, weight) values (1, 'O''Hara', 0.5), (2, null, -1)"
        )

with step("read by psycopg 2"):
    check(pl.read_database(query, plain))

with step("read by redshift_connector"):
    made = redshift_connector.connect(**LOGIN)
    check(pl.read_database(query, made))

with step("read by SQLAlchemy"):
    engine = sa.create_engine(f"redshift+psycopg2://{login}?{tls}")
    check(pl.read_database(query, engine))

with step("read by connectorx"):
    check(
        pl.read_database_uri(
            query, f"redshift://{login}?{tls.replace('verify-full', 'require')}", engine="connectorx"
        )
    )

with step("read by ADBC"):
    uri = f"postgresql://{login}?{tls}"
    with adbc.connect(uri) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        cursor.execute(query)
        check(pl.from_arrow(cursor.fetch_arrow_table()))

with step("write"):
    for _ in range(2):
        expected.write_database(f"{SCHEMA}.written", engine, if_table_exists="replace")
    same(len(pl.read_database(f"select * from {SCHEMA}.written", engine)), 2)
