"""A contender: a script that makes the same star in one file of DuckDB, as somebody without a warehouse would.

    python -m benchmarks.duckdb_star FOLDER SOURCE

Promises as much as `floor`, to one process of one machine. Prints one JSON object with `seconds` and `rows`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.star import KEYS, ROWS, STAR, TABLES, File, new_files, stage


def load(folder: Path, source: Path) -> dict[str, Any]:
    """Load what is new in `source` into a database in `folder`."""
    started = time.perf_counter()
    database = str(folder / "star.duckdb")
    with duckdb.connect(database) as duck, tempfile.TemporaryDirectory() as temporary:
        duck.execute("begin")
        for table, columns in TABLES.items():
            duck.execute(f"create table if not exists {table} ({columns.format(key='')})")
        known = {File(*row) for row in duck.execute("select * from loaded").fetchall()}
        if files := new_files(source, known):
            stage(duck, files, Path(temporary))
            duck.execute("create temp view known_songs as from songs")
            for table in TABLES:
                newer = "and t.ts <= n.ts" if table == "users" else ""
                duck.execute(
                    f"merge into {table} as t using ({ROWS[table]}) as n on t.{KEYS[table]} = n.{KEYS[table]}"
                    f" when matched {newer} then update by name when not matched then insert by name"
                )
        duck.execute("commit")
    seconds = time.perf_counter() - started
    with duckdb.connect(database, read_only=True) as duck:
        rows = {table: duck.execute(f"select count(*) from {table}").fetchall()[0][0] for table in STAR}
    return {"seconds": round(seconds, 3), "rows": rows}


if __name__ == "__main__":
    print(json.dumps(load(Path(sys.argv[1]), Path(sys.argv[2]))))
