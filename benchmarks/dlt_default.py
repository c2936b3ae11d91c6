"""What dlt does with the events by default: it merges them into one staging table by its natural key.

    python -m benchmarks.dlt_default DSN SOURCE FOLDER

Written as its documentation shows it (https://dlthub.com/docs/dlt-ecosystem/verified-sources/filesystem/basic): no
star, no songs, no gates. FOLDER keeps the state of the pipeline. Prints one JSON object with `seconds`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter
from urllib.parse import quote

from psycopg2.extensions import parse_dsn


def main(dsn: str, source: str, folder: str) -> None:
    """Load what is new below `source`/log_data."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt
    from dlt.sources.filesystem import filesystem, read_jsonl

    server = parse_dsn(dsn)
    socket = quote(
        server["host"], safe=""
    )  # dlt requires a host and a password, and the server needs neither
    url = f"postgresql://{server['user']}:none@localhost/{server['dbname']}?host={socket}"
    pipeline = dlt.pipeline(
        "events", dataset_name="dlt", pipelines_dir=folder, destination=dlt.destinations.postgres(url)
    )
    started = perf_counter()
    files = filesystem(
        bucket_url=Path(source, "log_data").as_uri(),
        file_glob="**/*-events.json",
        incremental=dlt.sources.incremental("modification_date"),
    )
    events = (files | read_jsonl()).with_name("events")
    events.apply_hints(primary_key=["userId", "sessionId", "itemInSession", "ts"], write_disposition="merge")
    pipeline.run(events)
    print(json.dumps({"seconds": round(perf_counter() - started, 3)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
