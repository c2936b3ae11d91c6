"""The digest: one value for everything that the warehouse holds, which depends on the source only, not on the history.

Every row of the star, of staging, of the quarantine and of the current ledger is hashed from its typed values; the
hashes are summed modulo 2**128 for each table, so that the order of rows does not matter, and then hashed together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.connection import Warehouse

_MODULUS = 2**128


@dataclass(frozen=True)
class Digest:
    """The digest as 32 hexadecimal digits, the sum of each table, and the blocked partitions, which it leaves out."""

    value: str
    tables: Mapping[str, str]
    blocked: Sequence[Partition]

    def __str__(self) -> str:
        left_out = ", ".join(map(str, self.blocked))
        return f"{self.value} (without blocked: {left_out})" if left_out else self.value


def digest(warehouse: Warehouse) -> Digest:
    """Compute the digest in one snapshot of the warehouse, in constant memory."""
    tables: dict[str, str] = {}
    with warehouse.transaction(lock=False) as transaction:
        blocked = [Partition(*row) for row in transaction.rows("ledger/blocked")]
        for name in queries.names("digest"):
            rows = (tuple(row.values()) for row in transaction.stream(name))
            tables[name.removeprefix("digest/")] = f"{_sum(rows):032x}"
    whole = "\n".join(f"{name} {value}" for name, value in sorted(tables.items()))
    return Digest(hashlib.blake2b(whole.encode(), digest_size=16).hexdigest(), tables, blocked)


def _sum(rows: Iterator[tuple[Any, ...]]) -> int:
    total = 0
    for row in rows:
        text = repr(tuple(map(_typed, row))).encode("utf-8", "surrogatepass")
        total += int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())
    return total % _MODULUS


def _typed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value
