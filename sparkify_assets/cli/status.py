"""`sparkify status`: the source compared with what is loaded.

Belongs here: what is printed, and in how many words. Does not: the comparison (`inspection.status`).
"""

from __future__ import annotations

from collections import Counter

from sparkify_assets.cli.console import (
    OutputFormat,
    loader_in_force,
    print_found,
    print_not_data,
    print_table,
    print_warnings,
    say,
)
from sparkify_assets.inspection.status import OTHER_RULES, PartitionStatus, Status
from sparkify_assets.inspection.status import status as compare

#: Of how many partitions `status` prints all; of more, only what needs attention.
MAX_ROWS = 60


def status(output: OutputFormat = "table") -> None:
    """Compare the source with what is loaded."""
    print_found(compare(loader_in_force()), output, _print_status)


def _print_status(found: Status) -> None:
    say(f"source {found.source}, warehouse {found.warehouse}")
    rows = [
        (
            item.dataset,
            item.partition,
            item.state,
            *map(str, (item.objects, item.records_read, item.rows_staged, item.rows_quarantined)),
            "; ".join(notes),
        )
        for item in found.partitions
        if (notes := _notes(item))
        or item.state != "loaded"
        or item.rows_quarantined
        or len(found.partitions) <= MAX_ROWS
    ]
    if rows:
        print_table(("", "partition", "state", "objects", "read", "staged", "rejected", ""), rows)
    for item in found.partitions:
        for check in item.blocked_by:
            for row in check["sample"]:
                values = ", ".join(
                    f"{name} {value}" for name, value in row.items() if name != "partition_key"
                )
                say(f"{item.partition} {check['check']}: {values}", "blocked")
    states = Counter((item.dataset, item.state) for item in found.partitions)
    say(
        ", ".join(
            f"{number:,} {_PARTITIONS[dataset][number != 1]} {state}"
            for (dataset, state), number in sorted(states.items())
        )
        or "nothing there"
    )
    print_warnings(found.warnings)
    print_not_data(found.unrecognised, found.hidden, found.layout)
    if found.warning:
        say(found.warning, "suspicious", "red")


#: What one partition of a data set is called, and several.
_PARTITIONS = {"events": ("day", "days"), "songs": ("prefix of songs", "prefixes of songs")}


def _notes(item: PartitionStatus) -> list[str]:
    """What there is to say about a partition besides its counts."""
    return [
        *(f"{len(keys)} {word}" for word in ("new", "overwritten", "gone") if (keys := getattr(item, word))),
        *(f"{check['check']}: {check['violations']} rows" for check in item.blocked_by),
        *(OTHER_RULES[name] for name in item.other_rules),
        *([f"released: {item.released}"] if item.released else ()),
        *([item.outside] if item.outside else ()),
    ]
