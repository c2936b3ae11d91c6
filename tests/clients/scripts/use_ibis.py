"""ibis over its PostgreSQL backend (it has none for Redshift): tables, expressions, a table made from memory."""

import ibis
import pandas as pd
from steps import CREATE, LOGIN, NAMES, ROOT_CERTIFICATE, SCHEMA, same, step

with step("connect"):
    con = ibis.postgres.connect(
        **LOGIN,
        sslmode="verify-full", sslrootcert=ROOT_CERTIFICATE,
    )  # fmt: skip
    same(con.version, "8.2")  # of 8.0.2, as ibis reads it

with step("list"):
    con.raw_sql(f"create schema {SCHEMA}").close()
    con.raw_sql(CREATE).close()
    con.raw_sql(f"insert into {SCHEMA}.items (id, name) values (1, 'one'), (2, 'two')").close()
    con.con.commit()
    same(con.list_tables(database=SCHEMA), ["items"])

with step("reflect"):
    items = con.table("items", database=SCHEMA)
    same(items.columns, NAMES)
    same(str(items.schema()["price"]), "decimal(8, 2)")
    same(items.schema()["name"].is_string(), True)

with step("read"):
    same(items.filter(items.id > 1).name.execute().to_list(), ["two"])
    same(items.group_by(items.name.upper()).agg(n=items.count()).count().execute(), 2)

with step("sql"):
    same(con.sql(f"select count(*) as n from {SCHEMA}.items").execute()["n"].to_list(), [2])

with step("write"):
    con.create_table("made", pd.DataFrame({"id": [1], "name": ["one"]}), database=SCHEMA)
    same(con.table("made", database=SCHEMA).count().execute(), 1)
