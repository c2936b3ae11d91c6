"""`python -m benchmarks.small_files`: what combining small song files costs and saves, with an S3 emulator.

Loopback answers in a millisecond and S3 in tens of them, so the emulator waits a given time before each answer. It runs
on the same machine, so the ratios are meaningful and the seconds are not.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.connection import Connection
from typing import Annotated, Any
from unittest.mock import patch

import boto3
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from sparkify_assets.load.compact import compact
from sparkify_assets.source import s3
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import SourceObject

SONG = (
    b'{"num_songs": 1, "artist_id": "ARD7TVE1187B99BFB1", "artist_latitude": null, "artist_longitude": null,'
    b' "artist_location": "California - LA", "artist_name": "Casual", "song_id": "SOMZWCG12A8C13C480",'
    b' "title": "I Didn\'t Mean To", "duration": 218.93179, "year": 0}'
)


def emulator(delay: float, address: Connection) -> None:
    """Serve S3 on loopback; each answer waits `delay` seconds, independently of all others."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application: Any = DomainDispatcherApplication(create_backend_app)

    def slowly(environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        time.sleep(delay)
        answer: Iterable[bytes] = application(environment, start)
        return answer

    server = make_server("127.0.0.1", 0, slowly, threaded=True)
    address.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def measure(songs: int) -> tuple[dict[int, float], int, int]:
    """Seconds by number of readers; how many objects COPY opens afterwards, and their bytes."""
    boto3.client("s3").create_bucket(Bucket="bench")
    source, work = S3Store("s3://bench/landing"), S3Store("s3://bench/work")
    keys = [f"song_data/A/A/{chr(65 + number % 26)}/TR{number:07}.json" for number in range(songs)]
    with ThreadPoolExecutor(max_workers=s3.READERS) as pool:
        list(pool.map(lambda key: source.write(key, SONG), keys))
    objects = {"AA": [SourceObject(key, "", len(SONG)) for key in keys]}
    seconds = {}
    for readers in (1, s3.READERS):
        with patch.object(s3, "READERS", readers):
            started = time.perf_counter()
            packed = compact(source, work, f"batch-{readers}", objects)
            seconds[readers] = time.perf_counter() - started
        assert packed.records == {"AA": songs}
    return seconds, len(packed.parts), sum(part.size for part in packed.parts)


def main(
    songs: Annotated[int, typer.Option(min=1, help="Song files.")] = 500,
    delays: Annotated[list[int] | None, typer.Option("--delay", help="Milliseconds to each answer.")] = None,
) -> None:
    """Measure the combining of small files with an S3 emulator."""
    table = Table(
        "answer after", "one by one", "side by side", "ratio", "files", "objects for COPY", box=SIMPLE_HEAD
    )
    for delay in delays or [0, 30, 100]:
        here, there = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(
            target=emulator, args=(delay / 1000, there), daemon=True
        )
        with closing(here), closing(there):
            server.start()
            os.environ |= {
                "AWS_ENDPOINT_URL": here.recv(),
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            try:
                seconds, parts, size = measure(songs)
            finally:
                server.terminate()
                server.join()
        (_, alone), (readers, together) = seconds.items()
        table.add_row(
            f"{delay} ms",
            f"{alone:.2f} s",
            f"{together:.2f} s by {readers}",
            f"{alone / together:.1f}",
            f"{songs:,}",
            f"{parts} of {size:,} bytes",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
