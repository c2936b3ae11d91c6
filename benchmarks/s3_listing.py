"""`python -m benchmarks.s3_listing`: what a listing of S3 and a sensor's poll of a million keys cost, beside boto3.

The pages are real, and come from a process of its own. Only the CPU of the listing process counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from typing import Any

from benchmarks.bucket import KeysOfAYear
from benchmarks.s3_server import serving
from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.source.s3 import S3Store

#: How many keys boto3 lists: its cost for each is the same from the first page on.
KEYS_OF_BOTO3 = 50_000


def measure(keys: int, delay: float) -> dict[str, Any]:
    """Microseconds of CPU a key for both, and a poll's seconds of CPU and peak memory in MB."""
    with serving(KeysOfAYear(keys), delay):
        store = S3Store("s3://landing")
        list(store.list("log_data/2018/01/2018-01-01"))  # the client is made, and the connection
        ours = min(_cpu(lambda: sum(1 for _ in store.list("log_data/"))) for _ in range(3)) / keys
        cache = ListingCache("events")
        cache.poll(store.list, now=0.0)
        cache.in_sync = {prefix: found.fingerprint for prefix, found in cache.candidates.items()}
        cache.candidates.clear()
        started = time.perf_counter()
        poll = _cpu(lambda: cache.poll(store.list, now=1e9))
        seconds = time.perf_counter() - started
        assert not cache.candidates
        assert cache.objects == keys
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        theirs = min(_cpu(_list_by_boto3) for _ in range(3)) / KEYS_OF_BOTO3
    return {
        "keys": keys,
        "us_a_key": ours * 1e6,
        "us_a_key_boto3": theirs * 1e6,
        "ratio": ours / theirs,
        "poll_cpu_seconds": poll,
        "poll_seconds": seconds,
        "poll_peak_mb": peak,
    }


def _list_by_boto3() -> None:
    import boto3

    listed = 0
    for page in boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket="landing"):
        listed += len(page["Contents"])
        if listed >= KEYS_OF_BOTO3:
            return


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds to each page")
    given = parser.parse_args()
    print(json.dumps(measure(given.keys, given.delay), indent=2))
