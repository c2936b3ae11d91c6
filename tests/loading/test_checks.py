"""Every check of `sql/checks` finds what it is for, in the partition where it is, and nothing in a good warehouse.

The faults are made by SQL on loaded tables, for no source and no merge of this project makes most of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest

from sparkify_assets.load.audit import violations
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.checks import CHECKS
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.transaction import Transaction
from tests.conftest import load_all, loader_for
from tests.invariants import world
from tests.invariants.world import day_key, lines, play, song, song_key

DAY, DAY_AFTER = "2018-11-02", "2018-11-03"
MIDNIGHT = int(datetime(2018, 11, 2, tzinfo=UTC).timestamp()) * 1000
NAMES = {check.name: check for check in CHECKS}


def faulty(key: str, fault: str) -> str:
    """Every object of a partition is said to have this fault."""
    return (
        "insert into ledger.faulty_objects (batch_id, dataset, partition_key, object_key, fault, records, reason)"
        f" select batch_id, dataset, partition_key, object_key, '{fault}', 9, 'why' from ledger.objects"
        f" where partition_key = '{key}'"
    )


def replaced(key: str, rows: int, objects: int, arriving: str = "rows_staged") -> str:
    """A partition is said to have taken the place of a version of so many rows, from so many objects."""
    return (
        "insert into ledger.loads (batch_id, dataset, partition_key, state, objects, records_read, rows_staged,"
        " rows_quarantined, staging_rules, star_rules, staged_at)"
        f" select 'former', dataset, partition_key, 'superseded', {objects}, {rows}, {rows}, 0, '', '', staged_at"
        f" from ledger.loads where partition_key = '{key}';"
        " insert into ledger.replaced_loads (batch_id, dataset, partition_key, replaced_batch_id) select batch_id,"
        f" dataset, partition_key, 'former' from ledger.loads where partition_key = '{key}' and state = 'published';"
        f" update ledger.loads set rows_staged = {arriving} where partition_key = '{key}' and state = 'published'"
    )


#: Check, what is done to the tables, and the partition that is at fault then.
FAULTS = [
    ("events_counts", "delete from staging.events where item_in_session = 5", DAY),
    ("events_counts", f"update ledger.loads set records_read = 200 where partition_key = '{DAY}'", DAY),
    (
        "events_counts",
        f"update ledger.loads set records_read = 201, rows_staged = 200 where partition_key = '{DAY}'",
        DAY,
    ),
    ("events_counts", "delete from ledger.quarantine where dataset = 'events'", DAY),
    ("events_counts", f"update ledger.loads set state = 'withdrawn' where partition_key = '{DAY_AFTER}'", DAY_AFTER),
    ("events_objects", faulty(DAY, "unreadable"), DAY),
    ("events_objects", faulty(DAY, "refused"), DAY),
    ("events_row_drop", replaced(DAY, 241, 1), DAY),
    ("events_row_drop", replaced(DAY, 1, 9, arriving="0"), DAY),
    ("events_reject_share", f"update ledger.loads set rows_quarantined = 90 where partition_key = '{DAY}'", DAY),
    ("events_allowed_values", "update staging.events set level = 'gold' where item_in_session = 5", DAY),
    ("events_allowed_values", "update staging.events set level = null where item_in_session = 5", DAY),
    ("events_allowed_values", "update staging.events set gender = 'X' where item_in_session = 5", DAY),
    ("events_of_other_days", "update staging.events set ts = ts + 86400000 where item_in_session = 5", DAY),
    ("events_of_other_days", "update staging.events set ts = ts - 86400000 where item_in_session = 5", DAY),
    ("events_of_other_days", "update staging.events set ts = ts / 1000 where item_in_session = 5", DAY),
    ("events_of_other_days", "update staging.events set ts = 9223372036854775807 where item_in_session = 5", DAY),
    ("events_without_plays", "update staging.events set page = 'Home'", DAY),
    ("events_without_plays", "update staging.events set page = null", DAY),
    ("sessions_contiguous", "delete from staging.events where item_in_session = 5", DAY),
    ("sessions_contiguous", "update staging.events set user_id = 7 where item_in_session = 5", DAY),
    ("sessions_contiguous", f"update staging.events set item_in_session = {2**63 - 1} where item_in_session = 5", DAY),
    (
        "songplays_keys",
        "insert into sparkify.songplays select * from sparkify.songplays where songplay_id like '1-5-%'",
        DAY,
    ),
    ("songplays_complete", "delete from sparkify.songplays where songplay_id like '1-5-%'", DAY),
    (
        "songplays_complete",
        "update sparkify.songplays set start_time = start_time + interval '1 second' where songplay_id like '1-5-%'",
        DAY,
    ),
    ("songplays_orphans", "delete from sparkify.users where user_id = 9", DAY),
    ("songplays_orphans", "delete from sparkify.time where start_time < '2018-11-02 00:00:01'", DAY),
    ("songplays_orphans", "delete from sparkify.songs where song_id = 'SO1'", DAY),
    ("songplays_orphans", "delete from sparkify.artists where artist_id = 'AR1'", DAY),
    ("songplays_match_rate", "update sparkify.songplays set song_id = null", DAY),
    ("users_keys", "insert into sparkify.users select * from sparkify.users where user_id = 9", DAY),
    (
        "time_keys",
        "insert into sparkify.time select * from sparkify.time where start_time < '2018-11-02 00:00:01'",
        DAY,
    ),
    ("songs_counts", "delete from staging.songs where song_id = 'SO1'", "AA"),
    ("songs_counts", "update ledger.loads set records_read = 9 where partition_key = 'AA'", "AA"),
    ("songs_counts", "update ledger.loads set records_read = 9, rows_staged = 8 where partition_key = 'AA'", "AA"),
    ("songs_counts", "delete from ledger.quarantine where dataset = 'songs'", "AA"),
    ("songs_counts", "update ledger.loads set state = 'withdrawn' where partition_key = 'AB'", "AB"),
    ("songs_objects", faulty("AA", "unreadable"), "AA"),
    (
        "songs_objects",
        faulty("AA", "refused") + "; update ledger.loads set rows_staged = 0 where partition_key = 'AA'",
        "AA",
    ),
    ("songs_row_drop", replaced("AA", 3, 2), "AA"),
    ("songs_row_drop", replaced("AA", 1, 9, arriving="0"), "AA"),
    ("songs_reject_share", "update ledger.loads set rows_quarantined = 90 where partition_key = 'AA'", "AA"),
    ("songs_complete", "delete from sparkify.songs where song_id = 'SO1'", "AA"),
    ("songs_complete", "delete from sparkify.artists where artist_id = 'AR1'", "AA"),
    ("songs_keys", "insert into sparkify.songs select * from sparkify.songs where song_id = 'SO1'", "AA"),
    ("artists_keys", "insert into sparkify.artists select * from sparkify.artists where artist_id = 'AR1'", "AA"),
]  # fmt: skip


def plays(session: int, items: Iterable[int], **fields: object) -> list[world.Record]:
    """Plays of a song that nobody knows, a second apart."""
    start = MIDNIGHT + 86_400_000 * (session - 1)
    unknown = {"artist": "Bo", "song": "Rain", "sessionId": session, "userId": str(8 + session)}
    return [play(**unknown | {"ts": start + 1000 * item, "itemInSession": item} | fields) for item in items]


@pytest.fixture(scope="module")
def loaded(shared_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Two days, of which the first has a hundred and twenty plays, two of them of known songs, and a reject; two
    prefixes, the first with a reject.
    """
    source = tmp_path_factory.mktemp("source")
    files = {
        song_key("AA"): lines([song()]),
        song_key("AA", "B"): lines([song(song_id=None)]),
        song_key("AB"): lines([song(song_id="SO2", artist_id="AR2", title="Moon")]),
        day_key(DAY): lines(
            [
                *plays(1, range(2), artist="Ana", song="Sun"),
                *plays(1, range(2, 120)),
                *plays(1, [0], sessionId=3, userId=""),
            ]
        ),
        day_key(DAY_AFTER): lines(plays(2, range(200, 203))),
    }
    world.write(source, files)
    loader = loader_for(shared_warehouse, source, tmp_path_factory.mktemp("home"))
    load_all(loader)
    return loader


@pytest.fixture
def transaction(loaded: Loader) -> Iterator[Transaction]:
    """A transaction of which nothing remains."""
    with loaded.warehouse.transaction() as transaction:
        yield transaction
        transaction.cursor.connection.rollback()


def found(transaction: Transaction, loader: Loader, check: str) -> list[tuple[str, int]]:
    """The partitions that a check names, with how many rows."""
    first, last = (DAY, DAY_AFTER) if NAMES[check].dataset == "events" else ("AA", "AB")
    return [
        (violation.partition_key, violation.count)
        for violation in violations(transaction, NAMES[check], first, last, loader.settings)
    ]


@pytest.mark.parametrize("check", NAMES)
def test_a_good_warehouse_has_nothing_to_find(check: str, transaction: Transaction, loaded: Loader) -> None:
    assert found(transaction, loaded, check) == []


#: Check, and what is done to the tables and is no fault.
HARMLESS = [
    ("events_allowed_values", "update staging.events set gender = '' where item_in_session = 5"),
    ("events_allowed_values", "update staging.events set gender = '  ' where item_in_session = 5"),
    ("events_allowed_values", "update staging.events set gender = null where item_in_session = 5"),
    ("events_allowed_values", "update staging.events set gender = 'M ', level = 'paid  ' where item_in_session = 5"),
    ("events_allowed_values", "update staging.events set level = 'gold', auth = 'Logged Out'"),
    ("events_of_other_days", f"update staging.events set ts = {MIDNIGHT} where item_in_session = 0"),
    ("events_of_other_days", f"update staging.events set ts = {MIDNIGHT} + 86399999 where item_in_session = 5"),
    ("events_of_other_days", "update staging.events set ts = null where item_in_session = 5"),
    ("events_without_plays", "update staging.events set page = 'Home' where item_in_session > 0"),
    (
        "events_without_plays",
        "delete from staging.events where item_in_session > 18; update staging.events set page = 'Home'",
    ),
    # somebody else uses the number of the session
    ("sessions_contiguous", "update staging.events set session_id = 1, event_date = '2018-11-02' where session_id = 2"),
    # the user logs out, and in again
    ("sessions_contiguous", "update staging.events set user_id = null, auth = 'Logged Out' where item_in_session = 5"),
    # the counter starts anew on another day
    ("sessions_contiguous", "update staging.events set session_id = 1, user_id = 9 where session_id = 2"),
    ("sessions_contiguous", "insert into staging.events select * from staging.events where item_in_session = 5"),
    ("sessions_contiguous", "update staging.events set item_in_session = -9223372036854775808 where session_id = 2"),
    # the day has 120 rows from one object, the prefix one from two
    ("events_row_drop", replaced(DAY, 240, 1)),
    ("events_row_drop", replaced(DAY, 1000, 2)),
    ("events_row_drop", replaced(DAY, 0, 1, arriving="0")),
    ("songs_row_drop", replaced("AA", 2, 2)),
    ("songs_row_drop", replaced("AA", 1000, 3)),
    ("songs_objects", faulty("AA", "refused")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "change"), HARMLESS)
def test_what_is_no_fault_is_not_found(
    check: str, change: str, transaction: Transaction, loaded: Loader
) -> None:
    transaction.cursor.execute(change)
    assert found(transaction, loaded, check) == []


@pytest.mark.parametrize(("check", "fault", "partition"), FAULTS)
def test_a_fault_is_found_where_it_is(
    check: str, fault: str, partition: str, transaction: Transaction, loaded: Loader
) -> None:
    transaction.cursor.execute(fault)
    assert [key for key, _ in found(transaction, loaded, check)] == [partition]


def test_every_check_is_tried() -> None:
    assert {check for check, _, _ in FAULTS} == set(NAMES)
