#!/usr/bin/env bash
# Guess: DuckDB's trim(text) takes blanks only (U+0020), as SQL's and PostgreSQL's does; its page says "any spaces".
# Behaviour: it takes every space separator of Unicode, such as the no-break space, and leaves tabs and line breaks. A text that
#   was encoded twice and ends in `à` ends in a no-break space, the second byte of that letter: trimmed, it can no longer be
#   decoded back. trim(text, ' ') takes blanks only.
# Versions: duckdb 2.0.0.
# Source: https://duckdb.org/docs/stable/sql/functions/text.html (trim), and PostgreSQL's page
#   https://www.postgresql.org/docs/current/functions-string.html (trim: "a space by default").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check duckdb==2.0.0
cd "$folder"
cat > trim.py <<'PY'
import duckdb

place = "Citt\N{LATIN SMALL LETTER A WITH GRAVE}".encode().decode("latin-1")  # as a player that encodes twice sends it


def decoded(text):
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        return error.reason


for call in ("trim(?)", "trim(?, ' ')"):
    (kept,) = duckdb.execute(f"select {call}", [place]).fetchone()
    (tabs,) = duckdb.execute(f"select length({call})", ["\tx\n"]).fetchone()
    print(f"{call}: {decoded(kept)}; a letter between a tab and a line break keeps {tabs} characters")
PY
seen=$(venv/bin/python trim.py)
echo "$seen"
[[ "$seen" == "trim(?): unexpected end of data; a letter between a tab and a line break keeps 3 characters
trim(?, ' '): Città; a letter between a tab and a line break keeps 3 characters" ]]
