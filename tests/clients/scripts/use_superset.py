"""Superset: a database by the URI that is pasted, as its own model of one reads, lists and reflects."""

import os
from pathlib import Path

from steps import CREATE, NAMES, PASTES, SCHEMA, same, step

home = Path.home()
(home / "superset_config.py").write_text(
    "from superset.utils.log import StdOutEventLogger\n"
    "EVENT_LOGGER = StdOutEventLogger()  # the default one writes into a table that `superset db upgrade` makes\n"
)
os.environ |= {
    "SUPERSET_HOME": str(home),
    "SUPERSET_SECRET_KEY": "only for this trial",
    "SUPERSET_CONFIG_PATH": str(home / "superset_config.py"),
}

from superset.app import create_app  # noqa: E402 - it reads these variables

with create_app().app_context():
    from superset.models.core import Database
    from superset.sql.parse import Table

    with step("paste"):
        database = Database(database_name="sparkify", sqlalchemy_uri="redshift://")
        database.set_sqlalchemy_uri(PASTES["superset"])
        same(database.db_engine_spec.__name__, "RedshiftEngineSpec")
        same(database.get_df("select 41 + 1 as answer").values.tolist(), [[42]])
    with step("write"), database.get_sqla_engine() as engine, engine.begin() as connection:
        connection.execute(f"create schema {SCHEMA}")
        connection.execute(CREATE)
    with step("list"):
        same(SCHEMA in database.get_all_schema_names(catalog=None), True)
        tables = database.get_all_table_names_in_schema(catalog=None, schema=SCHEMA)
        same([name for name, *_ in tables], ["items"])
    with step("reflect"):
        columns = database.get_columns(Table("items", SCHEMA))
        same([column["column_name"] for column in columns], list(NAMES))
