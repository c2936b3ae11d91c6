#!/usr/bin/env bash
# Guess: an expression that is built by its documented class, as sqlglot's users build statements, gives the same SQL in a
#   later release of the same major version, or an error.
# Behaviour: exp.Drop(kind="VIEW", this=...) gives DROP VIEW IF EXISTS x up to 30.12.0, and DROP VIEW IF EXISTS without any
#   name in 30.30.0: the name has moved to another argument, `tables`, and an argument that is no longer read is no error.
#   What is parsed keeps its name. ibis 12.0.0 builds its DROP VIEW so, and its con.sql() fails where the newer release is
#   installed, which its requirements allow.
# Versions: sqlglot 30.12.0 and 30.30.0.
# Source: sqlglot/expressions (class Drop) and drop_sql() in sqlglot/generator.py.
set -euo pipefail
folder=$(mktemp -d) seen=
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 30.12.0 30.30.0; do
    "$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check sqlglot==$version
    seen+=$("$folder/venv/bin/python" - <<'PY'
import sqlglot
from sqlglot import exp

built = exp.Drop(kind="VIEW", exists=True, this=sqlglot.to_table("x"))
parsed = sqlglot.parse_one("drop view if exists x", read="postgres")
print(sqlglot.__version__, "built:", built.sql("postgres") + ";", "parsed:", parsed.sql("postgres"))
PY
)$'\n'
done
printf %s "$seen"
[[ "$seen" == "30.12.0 built: DROP VIEW IF EXISTS x; parsed: DROP VIEW IF EXISTS x
30.30.0 built: DROP VIEW IF EXISTS; parsed: DROP VIEW IF EXISTS x
" ]]
