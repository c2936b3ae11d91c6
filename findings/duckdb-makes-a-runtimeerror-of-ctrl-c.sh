#!/usr/bin/env bash
# Guess: Ctrl-C during a query of DuckDB raises KeyboardInterrupt in Python, as during any call that waits (time.sleep, a
#   lock, psycopg); `except Exception` lets it pass, and the program ends as one that was interrupted.
# Behaviour: it raises a plain RuntimeError, "Query interrupted", which is neither of DuckDB's own errors nor has the
#   KeyboardInterrupt as its cause or context. `except Exception` takes it for a fault, `except KeyboardInterrupt` and
#   `except duckdb.Error` miss it. A handler of SIGINT that raises nothing lets the query go on.
# Versions: duckdb 2.0.0, CPython 3.11.
# Source: https://docs.python.org/3/library/signal.html (the default handler of SIGINT raises KeyboardInterrupt), and the
#   text in DuckDB's Python package (DuckDBPyConnection::CompletePendingQuery).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check duckdb==2.0.0
cd "$folder"
cat > interrupted.py <<'PY'
import os
import signal
import threading
import time

import duckdb

LONG = "select count(*) from range(20000000) as a, range(100) as b where (a.range * b.range) % 7 = 3"


def told(work):
    """What a second of work raises that Ctrl-C comes into."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        work()
    except BaseException as error:
        own = isinstance(error, duckdb.Error)
        return f"{type(error).__name__}, DuckDB's own: {own}, of {error.__cause__ or error.__context__}"
    return "nothing"


print("a pause:", told(lambda: time.sleep(5)))
print("a query:", told(lambda: duckdb.execute(LONG).fetchall()))
came = []
signal.signal(signal.SIGINT, lambda *_: came.append(1))
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
(count,) = duckdb.execute(LONG).fetchone()
print(f"a handler that raises nothing: called {len(came)} time, and the query has its answer: {count > 0}")
PY
seen=$(venv/bin/python interrupted.py)
echo "$seen"
[[ "$seen" == "a pause: KeyboardInterrupt, DuckDB's own: False, of None
a query: RuntimeError, DuckDB's own: False, of None
a handler that raises nothing: called 1 time, and the query has its answer: True" ]]
