"""What a profile of a data set holds, and how two of them differ.

Belongs here: the values and their comparison. Does not: making a profile (`profile`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One field of the records.

    `present` counts the records that have it, `filled` those where it is not null. `width` is the width in bytes of its
    column where that is text. `top` holds the most frequent values with their number of records, `histogram` the
    numbers of records in twelve equal steps from `least` to `greatest`.
    """

    name: str
    expected: bool
    width: int | None
    present: int
    filled: int
    empty: int
    distinct: int
    least: str | None
    greatest: str | None
    longest_bytes: int | None
    types: Mapping[str, int]
    top: Sequence[tuple[str, int]]
    histogram: Sequence[int]


@dataclass(frozen=True)
class Oddity:
    """What a rule found in one field, or by comparing records."""

    rule: str
    field: str | None
    records: int
    examples: Sequence[str]


@dataclass(frozen=True)
class Profile:
    """What the files of a data set hold.

    `unknown` names the unexpected fields, each with its first value and where that was found. `faults` counts what is
    not a record.
    """

    dataset: str
    made_at: str
    seconds: float
    objects: int
    bytes: int
    records: int
    faults: int
    fields: Sequence[Field]
    unknown: Mapping[str, str]
    oddities: Sequence[Oddity]
    drift: Sequence[str] = ()  # what has changed since the previous profile

    @property
    def missing(self) -> list[str]:
        """Expected fields that no record has."""
        return [item.name for item in self.fields if item.expected and self.records and not item.present]


def listed(types: Mapping[str, int]) -> str:
    """The names of types in words."""
    return " and ".join(sorted(types)) or "nothing"


#: A share of a field's records has moved when it differs by so many of a hundred.
MOVED_PERCENT = 5.0


def drift(former: Profile, latest: Profile) -> list[str]:
    """What differs between two profiles so much that somebody should know, in words."""
    before = {item.name: item for item in former.fields if item.present}
    after = {item.name: item for item in latest.fields if item.present}
    moved = [f"new field {name}" for name in after if name not in before]
    moved += [f"field {name} is gone" for name in before if name not in after]
    for name in before.keys() & after.keys():
        moved += _moved(before[name], after[name], former.records, latest.records)
    return sorted(moved)


def _moved(before: Field, after: Field, all_before: int, all_after: int) -> Iterator[str]:
    if before.types.keys() != after.types.keys():
        yield f"{after.name} was {listed(before.types)}, is {listed(after.types)}"
    shares = [("filled", before.filled, after.filled), ("empty", before.empty, after.empty)]
    if after.distinct <= 20:
        former_top, latest_top = dict(before.top), dict(after.top)
        shares += [
            (f"“{text}”", former_top.get(text, 0), latest_top.get(text, 0))
            for text in former_top.keys() & latest_top.keys()
        ]
    for words, number_before, number_after in shares:
        was, is_ = 100 * number_before / all_before, 100 * number_after / all_after
        if abs(is_ - was) > MOVED_PERCENT:
            yield f"{after.name} {words}: {was:.0f} % of the records before, {is_:.0f} % now"
