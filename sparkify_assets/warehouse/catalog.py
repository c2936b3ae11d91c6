"""The tables of a warehouse as its catalog describes them.

Belongs here: reading the catalog. Does not: comparing it with what is declared (`model.definitions`).
"""

from __future__ import annotations

import dataclasses

from sparkify_assets.model.definitions import Column, Definition, short
from sparkify_assets.warehouse.transaction import Transaction

#: pg_class.reldiststyle (https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html); 9 to 12 are AUTO.
_DISTRIBUTIONS = {0: "even", 1: "key", 8: "all"}


def definitions(transaction: Transaction, *, whole: bool = True) -> dict[str, Definition]:
    """The tables in the project's schemas; without `whole` neither keys nor encodings, as every load asks for them."""
    found: dict[str, Definition] = {}
    sorted_by: dict[str, list[tuple[int, str]]] = {}
    for table, name, type_, not_null, has_default, style, is_distkey, place in transaction.rows(
        "catalog/columns"
    ):
        known = found.setdefault(table, Definition({}, _DISTRIBUTIONS.get(style, "auto")))
        known.columns[name] = Column(short(type_), not_null, "" if has_default else None)
        if is_distkey:
            known.distribution = f"key ({name})"
        if place:
            sorted_by.setdefault(table, []).append((place, name))
    for table, places in sorted_by.items():
        style = "interleaved " if min(places)[0] < 0 else ""  # whose places are negative
        names = [name for _, name in sorted(places, key=lambda item: abs(item[0]))]
        found[table].sort_key = f"{style}({', '.join(names)})"
    if whole:
        _complete(transaction, found)
    return found


def _complete(transaction: Transaction, found: dict[str, Definition]) -> None:
    for table, key, column in transaction.rows("catalog/keys"):
        found[table].keys.setdefault(key, []).append(column)
    for table, name, encoding in transaction.rows("catalog/encodings"):
        if table in found and name in found[table].columns:
            columns = found[table].columns
            columns[name] = dataclasses.replace(columns[name], encoding=encoding)
