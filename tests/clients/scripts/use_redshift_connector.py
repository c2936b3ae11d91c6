"""AWS's own driver: parameters, what it asks of the catalog, its ways to write a DataFrame, COPY and UNLOAD."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import redshift_connector
from steps import COPY, CREATE, DATABASE, LOGIN, NAMES, PASTES, ROWS, SCHEMA, UNLOAD, ran, same, step

with step("connect"):
    connection = redshift_connector.connect(**LOGIN, application_name="clients")
    cursor = connection.cursor()
    same(cursor.execute("select 41 + 1").fetchone(), [42])

with step("paste"):
    same(ran(sys.executable, "-c", PASTES["redshift-connector"]), "([42],)\n")


@contextmanager
def transaction(name: str) -> Iterator[None]:
    """A step that is a transaction of its own: an error in one does not end the next."""
    with step(name):
        try:
            yield
            connection.commit()
        except Exception:
            connection.rollback()
            raise


with transaction("write"):
    cursor.execute(f"create schema {SCHEMA}")
    cursor.execute(CREATE)
    cursor.executemany(f"insert into {SCHEMA}.items values (%s, %s, %s, %s, %s, %s, %s)", ROWS)

with transaction("read"):
    cursor.execute(f"select * from {SCHEMA}.items order by id")
    same([tuple(row) for row in cursor.fetchall()], ROWS)
    cursor.execute(f"select name from {SCHEMA}.items where id = %s", (1,))
    same(cursor.fetchall(), (["O'Hara"],))
    same(list(cursor.execute(f"select id, name from {SCHEMA}.items").fetch_dataframe()), ["id", "name"])

with transaction("list"):
    same([row[0] for row in cursor.get_schemas(schema_pattern=SCHEMA)], [SCHEMA])
    same([row[2:4] for row in cursor.get_tables(schema_pattern=SCHEMA)], [["items", "TABLE"]])
    same(DATABASE in [row[0] for row in cursor.get_catalogs()], True)

with transaction("reflect"):
    same(
        [row[3] for row in cursor.get_columns(schema_pattern=SCHEMA, tablename_pattern="items")], list(NAMES)
    )
    cursor.get_primary_keys(schema=SCHEMA, table="items")
    cursor.get_procedures(schema_pattern=SCHEMA)

with transaction("dataframe"):
    frame = pd.DataFrame({"id": [8, 9], "name": ["eight", "nine"]})
    cursor.execute(f"create table {SCHEMA}.frames (id integer, name varchar(20))")
    cursor.write_dataframe(frame, f"{SCHEMA}.frames")
    same(cursor.execute(f"select count(*) from {SCHEMA}.frames").fetchone(), [2])

with transaction("bulk insert"), tempfile.TemporaryDirectory() as folder:
    Path(folder, "frames.csv").write_text("id,name\n10,ten\n")
    cursor.insert_data_bulk(f"{folder}/frames.csv", f"{SCHEMA}.frames", [0, 1], ["id", "name"], ",", 10)
    same(cursor.execute(f"select name from {SCHEMA}.frames where id = 10").fetchone(), ["ten"])

with transaction("copy"):
    cursor.execute(COPY)
    same(cursor.execute(f"select count(*) from {SCHEMA}.items").fetchone(), [5])

with transaction("unload"):
    cursor.execute(UNLOAD)
    same(cursor.execute("select pg_last_unload_count()").fetchone(), [5])

with step("autocommit"):
    connection.autocommit = True
    cursor.execute(f"truncate {SCHEMA}.frames")
    same(cursor.execute(f"select count(*) from {SCHEMA}.frames").fetchone(), [0])
    cursor.execute(f"create table {SCHEMA}.copied as select id, name from {SCHEMA}.items")
    same(cursor.execute(f"select count(*) from {SCHEMA}.copied").fetchone(), [5])
