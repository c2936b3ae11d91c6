"""Very many keys of a bucket, for what lists and reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import overload

DAYS = [(date(2018, 1, 1) + timedelta(days=day)).isoformat() for day in range(365)]


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
