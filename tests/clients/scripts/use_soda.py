"""Soda Core: checks of a table, with the metadata that they ask for."""

import psycopg2
from soda.scan import Scan
from steps import CREATE, DATABASE, HOST, PASSWORD, PORT, ROWS, SCHEMA, USER, step

with step("connect"):
    plain = psycopg2.connect("")
    with plain, plain.cursor() as cursor:
        cursor.execute(f"create schema {SCHEMA}")
        cursor.execute(CREATE)
        cursor.executemany(f"insert into {SCHEMA}.items values (%s, %s, %s, %s, %s, %s, %s)", ROWS)

CONFIGURATION = f"""
data_source local:
  type: redshift
  host: {HOST}
  port: {PORT}
  username: {USER}
  password: "{PASSWORD}"
  database: {DATABASE}
  schema: {SCHEMA}
"""


def scan(checks: str) -> None:
    made = Scan()
    made.disable_telemetry()
    made.set_data_source_name("local")
    made.set_scan_definition_name("clients")
    made.add_configuration_yaml_str(CONFIGURATION)
    made.add_sodacl_yaml_str(checks)
    made.execute()
    made.assert_no_error_logs()
    made.assert_no_checks_fail()


with step("checks"):
    scan("""
checks for items:
  - row_count = 3
  - missing_count(name) = 1
  - duplicate_count(id) = 0
  - avg(weight) < 0
  - invalid_count(name) = 1:
      valid regex: "^O.*$"
""")

with step("schema"):
    scan("""
checks for items:
  - schema:
      fail:
        when required column missing: [id, name, price]
        when wrong column type:
          id: integer
          price: numeric
""")

with step("profile"):
    scan("""
profile columns:
  columns: [items.%]
discover datasets:
  datasets: [include items]
""")
