"""What a sensor's poll of the source costs: a million keys with nothing new, and twenty thousand over the wire.

Each is measured in a process of its own. The floor is the same listing, page by page, with nothing done to it.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.bucket import BucketStub, KeysOfAYear
from benchmarks.measuring import measure
from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import ObjectStore

MILLION, WIRE = 1_000_000, 20_000


def figures() -> dict[str, dict[str, Any]]:
    """What was measured, by kind of poll."""
    return {kind: measure([sys.executable, "-m", "benchmarks.ticks", kind]).report for kind in KINDS}


def a_million() -> dict[str, Any]:
    """A complete poll of a million keys, and one of the newest days, both with nothing new."""
    bucket = BucketStub(KeysOfAYear(MILLION))
    S3Store.client = bucket  # type: ignore[assignment]
    store = S3Store("s3://landing")
    cache = _at_rest(store)
    floor = _cpu(
        lambda: sum(len(page["Contents"]) for page in bucket.paginate(Bucket="", Prefix="log_data/"))
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    complete = _cpu(lambda: cache.poll(store.list, now=1e9))
    assert not cache.candidates
    bucket.calls = 0
    newest = _cpu(lambda: cache.poll(store.list, now=1e9 + 60))
    return {
        "keys": MILLION,
        "cpu_seconds": complete,
        "floor_cpu_seconds": floor,
        "newest_days_cpu_seconds": newest,
        "newest_days_list_calls": bucket.calls,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "peak_mb_before": before * 1024 / 1e6,
    }


def over_the_wire() -> dict[str, Any]:
    """A complete poll of keys of an S3 server on loopback."""
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    _, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    store = S3Store("s3://many")
    store.client.create_bucket(Bucket="many")
    backend = s3_backends["123456789012"]["aws"]
    for key in KeysOfAYear(WIRE):
        backend.put_object("many", key, b"{}")
    cache = _at_rest(store)
    started = time.perf_counter()
    cache.poll(store.list, now=1e9)
    seconds = time.perf_counter() - started
    assert not cache.candidates
    store.client.put_object(Bucket="many", Key=KeysOfAYear(WIRE)[7_000], Body=b"{ }")
    cache.poll(store.list, now=2e9)
    assert len(cache.candidates) == 1
    server.stop()
    return {"keys": WIRE, "seconds": seconds}


def _at_rest(store: ObjectStore) -> ListingCache:
    """A cache that has seen everything."""
    cache = ListingCache("events")
    cache.poll(store.list, now=0.0)
    cache.in_sync = {prefix: seen.fingerprint for prefix, seen in cache.candidates.items()}
    cache.candidates.clear()
    return cache


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


KINDS: dict[str, Callable[[], dict[str, Any]]] = {"a million": a_million, "over the wire": over_the_wire}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(KINDS[sys.argv[1]]()))
