#!/usr/bin/env bash
# Guess: DuckDB's read_json treats a record with a key that is there twice in one way: an error, or one of the values
#   (RFC 8259, section 4, leaves it open: names SHOULD be unique).
# Behaviour: it depends on the select list. The query ends with an error where the doubled key is among the columns that
#   are read; the same file and the same `columns` pass where it is not, for a column that is not asked for is not looked
#   at; and read_json_objects takes the record, of which ->> gives the first value. So a new column in a select list can
#   end a query over a file that was read for months.
# Versions: duckdb 2.0.0.
# Source: https://duckdb.org/docs/stable/data/json/loading_json (which does not say).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check duckdb==2.0.0
cd "$folder"
cat > events.json <<'JSON'
{"page": "Home", "user": 1}
{"page": "Home", "user": 1, "user": 2}
JSON
cat > ask.py <<'PY'
import duckdb

READ = "read_json('events.json', format = 'newline_delimited', columns = {page: 'varchar', user: 'bigint'})"
for query in (
    f"select page from {READ}",
    f"select page, user from {READ}",
    "select json ->> 'user' from read_json_objects('events.json', format = 'newline_delimited')",
):
    try:
        print(duckdb.execute(query).fetchall())
    except duckdb.Error as error:
        print(type(error).__name__, "duplicate key" in str(error))
PY
seen=$(venv/bin/python ask.py)
echo "$seen"
[[ "$seen" == "[('Home',), ('Home',)]
InvalidInputException True
[('1',), ('1',)]" ]]
