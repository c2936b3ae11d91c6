"""The store behind a URL. Does not belong here: what a store does (`store`)."""

from __future__ import annotations

from sparkify_assets.settings import Settings
from sparkify_assets.source.files import FileStore
from sparkify_assets.source.s3 import READERS, S3Store
from sparkify_assets.source.store import ObjectStore


def open_store(url: str, *, requester_pays: bool = False, readers: int = READERS) -> ObjectStore:
    """The object store at a `file://` or `s3://` URL. At most `readers` objects of S3 are read concurrently."""
    if url.startswith("s3://"):
        return S3Store(url, requester_pays=requester_pays, readers=readers)
    return FileStore(url)


def open_source(settings: Settings) -> ObjectStore:
    """The source that the settings name."""
    return open_store(
        settings.source, requester_pays=settings.requester_pays, readers=settings.concurrent_reads
    )
