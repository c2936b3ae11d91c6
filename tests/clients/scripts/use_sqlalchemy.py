"""SQLAlchemy: the dialect of sqlalchemy-redshift over psycopg 2, with pandas on top."""

import sys

import pandas as pd
import sqlalchemy as sa
from sqlalchemy_redshift.commands import CopyCommand, UnloadFromSelect
from sqlalchemy_redshift.dialect import VARCHAR
from steps import (
    BUCKET,
    DATABASE,
    HOST,
    ITEMS,
    NAMES,
    PASSWORD,
    PASTES,
    PORT,
    ROLE,
    ROOT_CERTIFICATE,
    ROWS,
    SCHEMA,
    USER,
    ran,
    same,
    step,
)

url = sa.URL.create("redshift+psycopg2", USER, PASSWORD, HOST, PORT, DATABASE)
engine = sa.create_engine(url, connect_args={"sslmode": "verify-full", "sslrootcert": ROOT_CERTIFICATE})

with step("connect"), engine.connect() as connection:
    same(connection.execute(sa.text("select 41 + 1")).scalar(), 42)

with step("paste"):
    same(ran(sys.executable, "-c", PASTES["pandas"]).split(), ["answer", "0", "42"])
    with sa.create_engine(PASTES["superset"]).connect() as connection:
        same(connection.execute(sa.text("select 41 + 1")).scalar(), 42)

items = sa.Table(
    "items",
    sa.MetaData(),
    sa.Column("id", sa.Integer, nullable=False),
    sa.Column("name", VARCHAR(20), info={"encode": "lzo"}),
    sa.Column("price", sa.Numeric(8, 2)),
    sa.Column("made", sa.Date),
    sa.Column("at", sa.DateTime),
    sa.Column("good", sa.Boolean),
    sa.Column("weight", sa.Float),
    schema=SCHEMA,
    redshift_distkey="id",
    redshift_sortkey="made",
)
with step("write"), engine.begin() as connection:
    connection.execute(sa.schema.CreateSchema(SCHEMA))
    items.create(connection)
    connection.execute(items.insert(), [dict(zip(NAMES, row, strict=True)) for row in ROWS])

with step("read"), engine.connect() as connection:
    same([tuple(row) for row in connection.execute(items.select().order_by("id"))], ROWS)
    same(connection.execute(sa.select(items.c.name).where(items.c.id == 1)).scalar(), "O'Hara")

with step("list"):
    inspector = sa.inspect(engine)
    same(SCHEMA in inspector.get_schema_names(), True)
    same(inspector.get_table_names(SCHEMA), ["items"])
    same(inspector.get_view_names(SCHEMA), [])

with step("reflect"):
    reflected = sa.Table("items", sa.MetaData(), schema=SCHEMA, autoload_with=engine)
    same([column.name for column in reflected.columns], list(NAMES))
    same(str(reflected.c.name.type), "VARCHAR(20)")
    same(str(reflected.c.price.type), "NUMERIC(8, 2)")
    same(reflected.c.id.nullable, False)
    same(reflected.dialect_options["redshift"]["distkey"], "id")
    same(reflected.dialect_options["redshift"]["sortkey"], ("made",))

with step("to_sql"):
    frame = pd.DataFrame({"id": [8, 9], "name": ["eight", "nine"]})
    for _ in range(2):
        frame.to_sql("frames", engine, schema=SCHEMA, index=False, if_exists="replace")
    frame.to_sql("frames", engine, schema=SCHEMA, index=False, if_exists="append")

with step("read_sql"):
    same(len(pd.read_sql(f"select * from {SCHEMA}.frames", engine)), 4)
    same(len(pd.read_sql_table("frames", engine, schema=SCHEMA)), 4)

with step("copy"), engine.begin() as connection:
    connection.execute(CopyCommand(items, data_location=ITEMS, iam_role_arns=ROLE, format="JSON"))
    same(connection.execute(sa.select(sa.func.count()).select_from(items)).scalar(), 5)

with step("unload"), engine.begin() as connection:
    chosen = sa.select(items.c.id, items.c.name)
    connection.execute(
        UnloadFromSelect(chosen, unload_location=f"s3://{BUCKET}/{SCHEMA}/", iam_role_arns=ROLE, format="CSV")
    )

with step("drop"):
    items.drop(engine)
    same(sa.inspect(engine).get_table_names(SCHEMA), ["frames"])
