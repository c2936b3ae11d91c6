"""`python -m benchmarks.s3_reading`: what reading small objects of S3 costs, beside boto3 with as many threads.

The server is a process of its own, and answers after a given time if that is wanted. Only the CPU of the reading
process counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.bucket import KeysOfAYear
from benchmarks.s3_server import OBJECT, serving
from sparkify_assets.source.s3 import READERS, S3Store

#: How many threads boto3 reads with: as many as it keeps connections for, which also suits it best
#: (https://docs.aws.amazon.com/botocore/latest/reference/config.html, max_pool_connections).
READERS_OF_BOTO3 = 10


def measure(objects: int, readers: int, delay: float) -> dict[str, Any]:
    """Milliseconds of CPU an object for both, and seconds until all were read."""
    keys = list(KeysOfAYear(objects))
    with serving(keys, delay):
        store = S3Store("s3://landing", readers=readers)
        assert store.read(keys[0]) == OBJECT  # the client is made
        ours, our_seconds = _best(lambda: _read(store, keys))
        starts, _ = _best(lambda: _read(store, keys, 100))
        theirs, their_seconds = _best(lambda: _read_by_boto3(keys))
    return {
        "objects": objects,
        "in_flight": readers,
        "ms_an_object": ours / objects * 1e3,
        "ms_an_object_boto3": theirs / objects * 1e3,
        "ratio": ours / theirs,
        "ms_a_start_of_an_object": starts / objects * 1e3,
        "seconds": our_seconds,
        "seconds_boto3": their_seconds,
    }


def _read(store: S3Store, keys: Sequence[str], size: int | None = None) -> None:
    for key, content in store.read_many(keys, size):
        assert isinstance(content, bytes), f"{key}: {content}"


def _read_by_boto3(keys: Sequence[str]) -> None:
    import boto3

    client = boto3.client("s3")
    with ThreadPoolExecutor(READERS_OF_BOTO3) as pool:
        for content in pool.map(
            lambda key: client.get_object(Bucket="landing", Key=key)["Body"].read(), keys
        ):
            assert content == OBJECT


def _best(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU and of the clock, of the best of three runs."""
    return min(_timed(work) for _ in range(3))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - clock


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=15_000)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds to each answer")
    given = parser.parse_args()
    print(json.dumps(measure(given.objects, given.readers, given.delay), indent=2))
