"""Dates and times in the formats that COPY reads: DATEFORMAT and TIMEFORMAT.

Belongs here: from a text in one of these formats to one that PostgreSQL reads the same way. Whether such a day or hour
exists, the server says. Does not belong here: which option holds for a column (`convert`).

The formats: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html and
https://docs.aws.amazon.com/redshift/latest/dg/automatic-recognition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

Kind = Literal["date", "timestamp", "timestamptz"]
Reader = Callable[[str, Kind], str]

#: The format of TIMESTAMP if none is given; TIMESTAMPTZ may have an offset after it.
DEFAULT_TIME = "YYYY-MM-DD HH:MI:SS"
DEFAULT_DATE = "YYYY-MM-DD"

#: What stands for no format string; the case counts.
KEYWORDS = ("auto", "epochsecs", "epochmillisecs")


@lru_cache(maxsize=64)
def reader(time_format: str) -> Reader:
    """What reads texts of a format: 'auto', 'epochsecs', 'epochmillisecs' (as they are written) or a format string.

    It raises ValueError for a text that is not of this format. Raises ValueError for a format string that COPY does
    not know.
    """
    if time_format == "auto":
        return _recognized
    if time_format in _UNITS:
        return _of_epoch(_UNITS[time_format])
    pattern = _compiled(time_format)

    def read(text: str, kind: Kind) -> str:
        found = pattern.fullmatch(text)
        if not found:
            raise ValueError(text)
        return _written(found.groupdict(), kind)

    return read


def is_format(text: str) -> bool:
    """Whether COPY knows a format string."""
    try:
        reader(text)
    except ValueError:
        return False
    return True


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TIMESTAMP has no zone; UTC is meant
_UNITS = {"epochsecs": timedelta(seconds=1), "epochmillisecs": timedelta(milliseconds=1)}
_COUNT = re.compile(r"[-+]?[0-9]+")


def _of_epoch(unit: timedelta) -> Reader:
    def read(text: str, kind: Kind) -> str:
        if not _COUNT.fullmatch(text):
            raise ValueError(text)
        try:
            return str(_EPOCH + unit * int(text)) + "+00" * (kind == "timestamptz")
        except OverflowError:
            raise ValueError(text) from None

    return read


# --- format strings -----------------------------------------------------------------------------------------------

#: The parts of a format string; in COPY, HH is HH24.
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d{2})",
    "MONTH": r"(?P<name>[A-Za-z]{3,9})",
    "MON": r"(?P<name>[A-Za-z]{3,9})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<hour>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2}(?:\.\d+)?)",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
}
_PART = re.compile("|".join(_PARTS) + r"|[^A-Za-z0-9]+|.", re.IGNORECASE)


def _compiled(text: str) -> re.Pattern[str]:
    """A format string as a regular expression. Raises ValueError for what is no part of one."""
    found = _PART.findall(text)
    pattern = ""
    for part, following in zip(found, [*found[1:], " "], strict=True):
        if part.upper() in _PARTS:
            of_part = _PARTS[part.upper()]
            # Two numbers without anything between them have all their digits.
            pattern += of_part.replace("{1,2}", "{2}") if following.upper() in _PARTS else of_part
        elif part[0].isalnum():
            raise ValueError(f"{part!r} is no part of a format of COPY")
        else:
            pattern += re.escape(part)
    if not found:
        raise ValueError("the format is empty")
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        raise ValueError(f"{text!r} names a part twice") from None


# --- 'auto' -------------------------------------------------------------------------------------------------------

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?(?: ?(?P<half>[AaPp][Mm]))?"
_ZONE = r"(?: ?(?P<zone>[A-Za-z]+(?:/[A-Za-z_]+)?|[-+]\d{1,2}(?::?\d{2})?))?"
_LATER = rf"(?: {_CLOCK}{_ZONE})?(?: (?P<era>BC|AD))?"
_NAME = r"(?P<name>[A-Za-z]{3,9})"
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4})"
_AUTOMATIC = [
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"{_YEAR}-{_MONTH}-{_DAY}(?:[T ]{_CLOCK}{_ZONE})?(?: (?P<era>BC|AD))?",
        rf"(?P<julian>J\d{{1,7}}){_LATER}",
        rf"{_NAME}[- ]{_DAY}(?:, ?|[- ])(?P<year>\d{{4}}|\d{{2}}){_LATER}",
        rf"{_DAY}[- ]{_NAME}[- ](?P<year>\d{{4}}|\d{{2}}){_LATER}",
        r"(?P<year>\d{4}|\d{2})(?P<month>\d{2})(?P<day>\d{2})"
        r"(?: (?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2}(?:\.\d+)?))?",
        rf"{_YEAR}\.(?P<ordinal>\d{{3}}){_LATER}",
        rf"{_DAY} {_NAME} {_CLOCK} {_YEAR}{_ZONE}",
        rf"{_MONTH}/{_DAY}/{_YEAR}{_LATER}",
        rf"{_DAY}(?P<dot>\.){_MONTH}\.{_YEAR}{_LATER}",
    )
]


def _recognized(text: str, kind: Kind) -> str:
    for pattern in _AUTOMATIC:
        if found := pattern.fullmatch(text):
            return _written(found.groupdict(), kind)
    raise ValueError(text)


# --- what PostgreSQL reads ----------------------------------------------------------------------------------------

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_FULL = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
         "november", "december"]  # fmt: skip


def _written(parts: dict[str, str | None], kind: Kind) -> str:
    """A date or time from its parts. Raises ValueError."""
    day = _day(parts)
    era = " BC" if parts.get("era") == "BC" else ""
    if kind == "date":
        return day + era
    zone = (parts.get("zone") or "") if kind == "timestamptz" else ""
    return f"{day} {_clock(parts)}{' ' if zone[:1].isalpha() else ''}{zone}{era}"


def _day(parts: dict[str, str | None]) -> str:
    if julian := parts.get("julian"):
        return julian
    written = parts.get("year") or "1"
    year = int(written)
    if len(written) == 2 and parts.get("era") != "BC":
        year += 1900 if year >= 70 else 2000
    if ordinal := parts.get("ordinal"):
        day = date(year, 1, 1) + timedelta(days=int(ordinal) - 1)
        if day.year != year:
            raise ValueError(ordinal)
        return day.isoformat()
    name = (parts.get("name") or "").lower()
    names = _FULL if name in _FULL else _MONTHS
    month = names.index(name) + 1 if name else int(parts.get("month") or 1)
    number = int(parts.get("day") or 1)
    # The table calls a format DD.MM.YYYY and shows 12.17.1997 for it.
    if parts.get("dot") and month > 12:
        month, number = number, month
    return f"{year:04}-{month:02}-{number:02}"


def _clock(parts: dict[str, str | None]) -> str:
    hour = int(parts.get("hour") or 0)
    if half := (parts.get("half") or "").upper():
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} {half}")
        hour = hour % 12 + 12 * (half == "PM")
    return f"{hour:02}:{parts.get('minute') or '00'}:{parts.get('second') or '00'}"
