"""awswrangler: DataFrames through INSERT, through COPY of the Parquet that it stages, and through UNLOAD."""

import awswrangler as wr
import pandas as pd
import redshift_connector
from steps import BUCKET, LOGIN, ROLE, SCHEMA, same, step

frame = pd.DataFrame({"id": [1, 2], "name": ["O'Hara", None], "weight": [0.5, -1.0], "good": [True, False]})
more = pd.DataFrame({"id": [2, 3], "name": ["two", "three"], "weight": [2.0, 3.0], "good": [True, True]})
staged = f"s3://{BUCKET}/{SCHEMA}"


def read(table: str) -> list[tuple]:
    found = wr.redshift.read_sql_query(f"select id, name from {SCHEMA}.{table} order by id", con=connection)
    return [tuple(None if pd.isna(value) else value for value in row) for row in found.values]


with step("connect"):
    connection = redshift_connector.connect(**LOGIN)
    with connection.cursor() as cursor:
        cursor.execute(f"create schema {SCHEMA}")
    connection.commit()

with step("to_sql"):
    wr.redshift.to_sql(
        frame, con=connection, table="items", schema=SCHEMA, mode="overwrite", distkey="id", diststyle="KEY"
    )
    same(read("items"), [(1, "O'Hara"), (2, None)])
    wr.redshift.to_sql(frame, con=connection, table="items", schema=SCHEMA, mode="overwrite")
    wr.redshift.to_sql(
        more, con=connection, table="items", schema=SCHEMA, mode="append", use_column_names=True
    )
    same(len(read("items")), 4)

with step("upsert"):
    wr.redshift.to_sql(frame, con=connection, table="merged", schema=SCHEMA, primary_keys=["id"])
    wr.redshift.to_sql(
        more, con=connection, table="merged", schema=SCHEMA, mode="upsert", primary_keys=["id"]
    )
    same(read("merged"), [(1, "O'Hara"), (2, "two"), (3, "three")])

with step("read"):
    same(len(wr.redshift.read_sql_table("items", con=connection, schema=SCHEMA)), 4)
    chunks = wr.redshift.read_sql_query(
        f"select * from {SCHEMA}.items where id > %s", con=connection, params=[1], chunksize=2
    )
    same(sum(len(chunk) for chunk in chunks), 3)

with step("copy"):
    wr.redshift.copy(
        frame, f"{staged}/copied/", connection, "copied", SCHEMA, iam_role=ROLE, mode="overwrite"
    )
    same(read("copied"), [(1, "O'Hara"), (2, None)])

with step("copy upsert"):
    wr.redshift.copy(
        more,
        f"{staged}/upserted/",
        connection,
        "copied",
        SCHEMA,
        iam_role=ROLE,
        mode="upsert",
        primary_keys=["id"],
    )
    same(read("copied"), [(1, "O'Hara"), (2, "two"), (3, "three")])

with step("copy with keys"):
    wr.redshift.copy(frame, f"{staged}/keys/", connection, "keyed", SCHEMA)
    same(read("keyed"), [(1, "O'Hara"), (2, None)])

with step("unload"):
    found = wr.redshift.unload(
        f"select id, name from {SCHEMA}.items order by id", f"{staged}/unloaded/", connection, iam_role=ROLE
    )
    same(sorted(found["id"]), [1, 2, 2, 3])
    wr.redshift.unload_to_files(
        f"select id, name from {SCHEMA}.items", f"{staged}/files/", connection, ROLE, partition_cols=["id"]
    )
    same(len(wr.s3.list_objects(f"{staged}/files/")) >= 3, True)
