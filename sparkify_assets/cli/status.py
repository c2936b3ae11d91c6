"""`sparkify status`: the source compared with what is loaded, in a few lines where all is well.

Belongs here: what is printed, in how many words, and what to type next. Does not: the comparison (`inspection.status`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from sparkify_assets.cli.console import (
    OutputFormat,
    loader_that_looks,
    print_found,
    print_not_data,
    print_shrunk,
    print_table,
    print_warnings,
    say,
)
from sparkify_assets.inspection.attention import for_blocked
from sparkify_assets.inspection.status import OTHER_RULES, PartitionStatus, Status
from sparkify_assets.inspection.status import status as compare
from sparkify_assets.model.datasets import counted, left_out, named
from sparkify_assets.report.formats import size
from sparkify_assets.settings import without_password

#: What to do about a state, in the order of urgency; nothing has to be done about `kept`.
NEXT = {
    "blocked": "`--verbose` says why",
    "incoming": "a load is under way, or was killed: `sparkify load` completes it",
    "new": "`sparkify load` loads it, `sparkify plan` says what that would do",
    "changed": "`sparkify load` loads it again",
    "gone": "all files are gone from the source, and `sparkify load` withdraws the rows",
    "kept": "files are gone from the source, and their rows stay (SPARKIFY_DELETED=keep)",
}

#: What to do about it while the listing is not believed.
REFUSED = "`sparkify load` refuses it, and with --accept-deletions does it"

#: How many blocked partitions are explained one by one.
MAX_EXPLAINED = 10

#: How many partitions a line names one by one.
MAX_NAMED = 3

#: What one partition of a data set is called, and several.
_PARTITIONS = {"events": ("day", "days"), "songs": ("prefix of songs", "prefixes of songs")}


def status(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", "--all", help="List every day and every prefix.")
    ] = False,
    output: OutputFormat = "table",
) -> None:
    """Say what is loaded, and what is new, changed or blocked, with what to type next."""
    print_found(compare(loader_that_looks()), output, _print_all if verbose else _print_short)


def _print_short(found: Status) -> None:
    _print_head(found)
    states: dict[str, list[PartitionStatus]] = defaultdict(list)
    for item in found.partitions:
        states[item.state].append(item)
    if found.warning:
        say(found.warning, "suspicious", "red")
    _print_states(found, states)
    _print_published(found)
    print_warnings([outcome for outcome in found.warnings if outcome.check not in found.expected])
    _print_not_data(found)
    if states.keys() == {"loaded"}:
        say("Everything is loaded, and nothing is blocked (--verbose lists every day).")


def _print_states(found: Status, states: Mapping[str, list[PartitionStatus]]) -> None:
    """What waits, and what to do about it."""
    for item in states.get("changed", []):
        if why := found.why_blocked.get(item.partition):
            say(f"{_of([item])} {why}, before its files changed", "blocked", "red")
    for state, next_step in NEXT.items():
        items = states.get(state, [])
        if state == "blocked" and len(items) <= MAX_EXPLAINED:
            for item in items:
                say(f"{_of([item])} {found.why_blocked.get(item.partition, '')}", state, "red")
                say(f"  {for_blocked(item.partition, rejected=bool(item.rows_quarantined))}")
        elif items:
            colour = "red" if state == "blocked" else "yellow"
            waits = found.warning and state in ("new", "changed", "gone")
            say(f"{_of(items)}: {REFUSED if waits else next_step}", state, colour)
    for line in left_out({item.partition: item.outside for item in states.get("outside", [])}):
        say(line, "outside")


def _print_published(found: Status) -> None:
    """What readers see and would not expect."""
    for rules, advice in OTHER_RULES.items():
        if items := [item for item in found.partitions if item.other_rules[:1] == [rules]]:
            say(f"{_of(items)} {advice}", "outdated")
    print_shrunk(found.shrunk)
    if released := [item for item in found.partitions if item.released]:
        reasons = named({str(item.released) for item in released})
        say(f"{_of(released)} as it came: {reasons}", "released")


def _print_head(found: Status) -> None:
    """What the source holds, and what readers see."""
    say(f"{'source':<10} {found.source}: {counted(found.files, 'file')} ({size(found.bytes)})")
    there = found.loaded
    said = []
    if there.days:
        until = f" to {there.newest_day}" if there.days > 1 else ""
        said.append(
            f"{counted(there.days, 'day')}, {there.first_day}{until}, {counted(there.events, 'event')}"
        )
    if there.prefixes:
        said.append(f"{counted(there.prefixes, 'prefix', 'prefixes')}, {counted(there.songs, 'song record')}")
    if there.rows_quarantined:
        said.append(f"{counted(there.rows_quarantined, 'record')} rejected (`sparkify rejects`)")
    say(f"{'warehouse':<10} {without_password(found.warehouse)}: {'; '.join(said) or 'nothing is loaded'}")


def _of(items: Sequence[PartitionStatus]) -> str:
    """Partitions in words: how many of each data set, and which."""
    said = []
    for dataset, words in _PARTITIONS.items():
        if keys := [item.partition for item in items if item.dataset == dataset]:
            which = ", ".join(keys) if len(keys) <= MAX_NAMED else f"{keys[0]} to {keys[-1]}"
            said.append(f"{len(keys):,} {words[1]} ({which})" if len(keys) > 1 else f"{words[0]} {keys[0]}")
    return " and ".join(said)


def _print_not_data(found: Status) -> None:
    print_not_data(found.unrecognised, found.hidden, found.layout)


def _print_all(found: Status) -> None:
    _print_head(found)
    rows = [
        (
            item.dataset, item.partition, item.state, item.objects, item.records_read, item.rows_staged,
            item.rows_quarantined, "; ".join(_notes(item)),
        )
        for item in found.partitions
    ]  # fmt: skip
    if rows:
        print_table(("", "partition", "state", "files", "read", "staged", "rejected", ""), rows)
    for item in found.partitions:
        for check in item.blocked_by:
            for row in check["sample"]:
                values = ", ".join(
                    f"{name} {value}" for name, value in row.items() if name != "partition_key"
                )
                say(f"{item.partition} {check['check']}: {values}", "blocked")
    print_warnings(found.warnings)
    _print_not_data(found)


def _notes(item: PartitionStatus) -> list[str]:
    """What there is to say about a partition besides its counts."""
    return [
        *(
            f"{len(keys):,} {word}"
            for word in ("new", "overwritten", "gone")
            if (keys := getattr(item, word))
        ),
        *(f"{check['check']}: {counted(check['violations'], 'row')}" for check in item.blocked_by),
        *(OTHER_RULES[name] for name in item.other_rules),
        *([f"released: {item.released}"] if item.released else ()),
        *([item.outside] if item.outside else ()),
    ]
