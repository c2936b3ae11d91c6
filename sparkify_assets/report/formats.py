"""How the report writes numbers, times and names for people, in its tables, its pictures and their descriptions.

Belongs here: values as text. Does not: which values there are (`questions`), where they stand (`page`, `charts`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any


def percent(part: float, whole: float, digits: int = 0) -> str:
    """A share with as many digits as it takes not to read as nothing or all where it is neither."""
    share = 100 * part / whole if whole else 0.0
    while 0 < part < whole and digits < 9 and float(f"{share:.{digits}f}") in (0, 100):
        digits += 1
    return f"{share:.{digits}f} %"


def words(name: str) -> str:
    """A column's name in words."""
    return name.removesuffix("_id").replace("_", " ").removesuffix(" rows").removesuffix(" percent")


def shown(value: Any, column: str = "") -> str:
    """A value as text; a column whose name ends with `_percent` holds shares of a hundred, one with `_id` names."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if column.endswith("_percent"):
        return percent(value, 100, digits=2)
    if isinstance(value, (int, float, Decimal)) and not column.endswith("_id") and column != "hour":
        return f"{value:,}"
    return str(value)


def visible(text: str) -> str:
    """Text with its control characters written as escapes, so that they are visible."""
    return "".join(c if c.isprintable() or c == "\xa0" else c.encode("unicode_escape").decode() for c in text)


def size(number: int) -> str:
    """A number of bytes."""
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number / 1e3:,.1f} kB"
