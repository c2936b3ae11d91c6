"""A bucket with very many keys in place of boto3's client: it returns pages of keys and counts the requests."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, overload

PAGE = 1000
DAYS = [(date(2018, 1, 1) + timedelta(days=day)).isoformat() for day in range(365)]
_TIME = datetime(2018, 11, 1, tzinfo=UTC)


class KeysOfAYear(Sequence[str]):
    """Sorted keys of 365 days, about as many on each; they are computed on request and take no memory."""

    def __init__(self, number: int) -> None:
        self.each, self.number = -(-number // len(DAYS)), number

    def __len__(self) -> int:
        return self.number

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._key(n) for n in range(*index.indices(self.number))]
        if index >= self.number:
            raise IndexError(index)
        return self._key(index)

    def _key(self, number: int) -> str:
        day = DAYS[number // self.each]
        return f"log_data/{day[:4]}/{day[5:7]}/{day}-events-{number % self.each:05}.json"


class BucketStub:
    """boto3's client, as far as a listing needs it."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys
        self.calls = 0

    def get_paginator(self, name: str) -> BucketStub:
        assert name == "list_objects_v2"
        return self

    def paginate(
        self,
        *,
        Bucket: str,  # noqa: N803, ARG002 - boto3's names
        Prefix: str,  # noqa: N803
        StartAfter: str = "",  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        position = max(bisect_left(self.keys, Prefix), bisect_right(self.keys, StartAfter))
        while True:
            self.calls += 1
            page = self.keys[position : position + PAGE]
            position += PAGE
            own = [key for key in page if key.startswith(Prefix)]
            yield {
                "Contents": [
                    {
                        "Key": key,
                        "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
                        "Size": 250,
                        "LastModified": _TIME,
                    }
                    for key in own
                ]
            }
            if len(own) < PAGE or position >= len(self.keys):
                return
