"""Tables that are not those of sql/ddl: what is said of them, what loads do, and how they are brought over.

Older homes are made by the tables of their time (editions/), every other difference by a statement or by a changed copy
of sql/.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg2.extras import execute_values

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.inspection.status import status
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.migration import Migration, MigrationRefused, Migrator
from sparkify_assets.model import queries
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import TablesDiffer
from tests.conftest import Admin, load_all, queries_of
from tests.invariants import world
from tests.invariants.world import START, day_key, lines, play, song, song_key

ONE, TWO = world.DAYS[:2]
EDITIONS = Path(__file__).parent / "editions"

#: What a load of earlier editions read, and two users who share a session's number.
FILES = {
    song_key("AA"): lines([song()]),
    day_key(ONE): lines(
        [
            play(START + 10, sessionId=31, itemInSession=0, userId="32"),
            play(START + 20, sessionId=31, itemInSession=1, userId="32"),
            play(START + 15, sessionId=31, itemInSession=0, userId="100010", song="Rain"),
            play(START + 25, sessionId=31, itemInSession=1, userId="100010", song="Rain"),
        ]
    ),
}


@pytest.fixture
def loaded(loader: Loader, source: Path) -> Loader:
    world.write(source, FILES)
    load_all(loader)
    return loader


def ask(warehouse: Warehouse, *statements: str) -> list[tuple[object, ...]]:
    """What the last of these statements of a database's owner brings."""
    connection = warehouse.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        found = cursor.fetchall() if cursor.description else []
    connection.close()
    return found


def planned(loader: Loader) -> Migration:
    return Migrator(loader.publisher).plan()


def migrate(loader: Loader) -> Migration:
    migrator = Migrator(loader.publisher)
    plan = migrator.plan()
    migrator.carry_out(plan)
    return plan


def assert_as_new(loader: Loader, folder: Path) -> None:
    """The warehouse holds what a new one would."""
    world.assert_holds(loader.warehouse, FILES)
    assert reconcile(loader, deep=True) == []
    assert {name for day in status(loader).partitions for name in day.other_rules} == set()
    plan = planned(loader)
    assert (plan.differences, plan.changes_warehouse, plan.staged_by_other_rules) == ([], False, 0)
    assert digest(loader.warehouse).value == world.fresh_digest(loader.warehouse, FILES, folder)


# --- older homes


@pytest.fixture(params=["first", "second"])
def earlier(request: pytest.FixtureRequest, loaded: Loader) -> Loader:
    """A warehouse as an earlier edition left it after loading FILES: in its star there are two of the four plays."""
    warehouse = loaded.warehouse
    kept = {
        name: (", ".join(queries.columns(name)), ask(warehouse, f"select * from {name}"))
        for name in ("staging.events", "staging.songs", "ledger.objects")
    }
    loads = ask(
        warehouse, "select batch_id, dataset, partition_key, rows_staged from ledger.loads order by dataset"
    )
    warehouse.drop_tables()
    connection = warehouse.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute((EDITIONS / f"{request.param}.sql").read_text("utf-8"))
        for name, (columns, rows) in kept.items():
            execute_values(cursor, f"insert into {name} ({columns}) values %s", rows)
        rules = ["0123456789abcdef"] * (1 if request.param == "first" else 2)
        for batch, dataset, key, staged in loads:
            values = [batch, dataset, key, "published", 1, staged, staged, 0, *rules, None, None, None]
            cursor.execute(
                f"insert into ledger.loads values ({', '.join(['%s'] * len(values))}, getdate(), getdate())",
                values,
            )
        cursor.execute(
            "insert into sparkify.songplays select session_id || '-' || item_in_session,"
            " timestamp 'epoch' + ts * interval '0.001 second', user_id, level, null, null, session_id,"
            " item_in_session, location, user_agent, event_date from staging.events where user_id = 100010"
        )
    connection.close()
    return loaded


def test_an_older_home_is_brought_over(earlier: Loader, tmp_path: Path) -> None:
    plan = planned(earlier)
    assert plan.left == []
    assert (plan.rebuilds, plan.made_by_other_rules, plan.staged_by_other_rules) == (True, 2, 2)
    assert ask(earlier.warehouse, "select count(*) from sparkify.songplays") == [(2,)]

    changes = Migrator(earlier.publisher).carry_out(plan)

    assert sum(vars(changes["songplays"]).values()) >= 4
    world.assert_holds(earlier.warehouse, FILES)
    for day in status(earlier).partitions:
        assert (day.state, day.other_rules) == ("loaded", ["staging"]), (
            "the star is new, staging is as it was"
        )
    load_all(earlier, reload=True)
    assert_as_new(earlier, tmp_path)


class Cut(BaseException):
    """The process dies here, as far as the code can tell."""


@pytest.mark.parametrize("last", [9, 40])
@pytest.mark.parametrize("earlier", ["first"], indirect=True)
def test_a_migration_that_is_cut_short_changes_nothing(earlier: Loader, last: int) -> None:
    """Whatever statement is the last, the tables are still those of the first edition, whole."""
    left = iter(range(last))

    def before(statement: str) -> None:
        if next(left, None) is None:
            raise Cut(statement)

    plan = planned(earlier)
    earlier.warehouse.before_statement = before
    with pytest.raises(Cut):
        Migrator(earlier.publisher).carry_out(plan)
    earlier.warehouse.before_statement = None
    assert ask(earlier.warehouse, "select count(*), max(sql_hash) from ledger.loads") == [
        (2, "0123456789abcdef")
    ]
    assert ask(earlier.warehouse, "select count(*) from sparkify.songplays") == [(2,)]
    assert planned(earlier) == plan


# --- what loads do


def test_a_load_says_what_to_do_before_it_writes(loaded: Loader, source: Path) -> None:
    world.write(source, {day_key(TWO): lines([play(START + 86_400_000)])})
    for said, *statements in (
        ("staging.events.auth is missing", "alter table staging.events drop column auth"),
        ("sparkify.time is missing", "drop table sparkify.time"),
        (
            "ledger.warnings.batch_id has width varchar(8) instead of varchar(64)",
            "drop table ledger.warnings",
            "create table ledger.warnings (batch_id varchar(8))",
        ),
        (
            "sparkify.songs.year has type varchar(4) instead of integer",
            "alter table ledger.batches add column cost integer default 1 not null",
            "drop table sparkify.songs",
            "create table sparkify.songs (song_id varchar(64), title varchar(1024), artist_id varchar(64),"
            " year varchar(4), duration double precision)",
        ),
    ):
        ask(loaded.warehouse, *statements)
        for refused in (lambda: load_all(loaded), lambda: status(loaded), lambda: reconcile(loaded)):
            with pytest.raises(TablesDiffer) as told:
                refused()
            assert f"({said}" in str(told.value)
            assert "`sparkify tables migrate` brings them over" in str(told.value)
            assert "\n" not in str(told.value)
        assert ask(loaded.warehouse, "select count(*) from ledger.loads") == [(2,)]
        ask(loaded.warehouse, "drop table if exists ledger.warnings")
        migrate(loaded)


def test_what_loads_do_not_depend_on_stops_none(loaded: Loader, source: Path) -> None:
    harmless = (
        "alter table sparkify.time add column note varchar(9)",
        "alter table sparkify.songplays alter diststyle even",
        "alter table staging.events alter sortkey (ts)",
        "alter table ledger.loads add constraint of_batch unique (batch_id)",
        "alter table staging.songs alter column title type varchar(2048)",
        "alter table staging.songs alter column title encode text32k",
        "create table sparkify.mine (a integer)",
    )
    ask(loaded.warehouse, *harmless)
    world.write(source, {day_key(TWO): lines([play(START + 86_400_000)])})
    assert [result.partitions[0].state for result in load_all(loaded)] == ["published"]
    assert [(d.table, d.name, d.what, d.stops_loads) for d in planned(loaded).differences] == [
        ("ledger.loads", "of_batch", "key", False),
        ("sparkify.songplays", "", "distribution", False),
        ("sparkify.time", "note", "extra column", False),
        ("staging.events", "", "sort key", False),
        ("staging.songs", "title", "width", False),
        ("sparkify.mine", "", "extra table", False),
    ]


# --- what is done


def test_what_is_lost_comes_back(loaded: Loader, tmp_path: Path) -> None:
    """A column of staging from the files, one of the star from staging, tables by themselves."""
    ask(
        loaded.warehouse,
        "alter table staging.events drop column auth",
        "alter table incoming.events drop column auth",
        "alter table sparkify.users drop column level",
        "drop table ledger.warnings",
    )
    plan = migrate(loaded)
    assert [(step.table, step.does.partition(" ")[0]) for step in plan.steps] == [
        ("ledger.warnings", "create"),
        ("incoming.events", "add"),
        ("sparkify.users", "add"),
        ("staging.events", "add"),
    ]
    assert not plan.rebuilds, "what is read again replaces the rows of the star"
    outdated = {day.partition: day.other_rules for day in status(loaded).partitions}
    assert outdated == {"AA": [], ONE: ["staging"]}
    load_all(loaded, reload=True)
    assert_as_new(loaded, tmp_path)


def test_the_star_is_made_anew_in_one_go(loaded: Loader, tmp_path: Path) -> None:
    for statements in (
        ("drop table sparkify.time",),
        ("alter table sparkify.time drop column week",),  # not null, which ALTER TABLE cannot add
        ("alter table sparkify.artists add primary key (artist_id)",),
        ("drop table staging.song_titles", "create table staging.song_titles (song_id varchar(64))"),
        ("delete from sparkify.songs", "alter table sparkify.songs add column mine integer not null"),
        ("drop table sparkify.users", "drop table sparkify.songplays"),
    ):
        ask(loaded.warehouse, *statements)
        plan = migrate(loaded)
        assert plan.rebuilds
        assert plan.left == []
        world.assert_holds(loaded.warehouse, FILES)
        assert planned(loaded).differences == []
    assert_as_new(loaded, tmp_path)


@contextmanager
def changed(folder: Path, file: str, old: str, new: str) -> Iterator[None]:
    """For a while, sql/ with a change."""
    shutil.copytree(queries.FOLDER, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with queries_of(folder):
        yield


def test_a_column_that_is_made_wider_takes_what_did_not_fit(
    loader: Loader, source: Path, tmp_path: Path
) -> None:
    long = play(START + 10, method="x" * 20)
    world.write(source, {day_key(ONE): lines([play(), long])})
    load_all(loader)
    assert ask(loader.warehouse, "select count(*) from staging.events") == [(1,)]
    with changed(tmp_path / "sql", "ddl/staging.sql", "method varchar(16)", "method varchar(32)"):
        with pytest.raises(TablesDiffer, match=r"incoming\.events\.method has width"):
            load_all(loader)
        plan = migrate(loader)
        assert [(step.table, step.apart) for step in plan.steps] == [
            ("incoming.events", True),
            ("staging.events", True),
        ]
        assert status(loader).partitions[0].other_rules == ["staging"], "COPY may take what it has refused"
        load_all(loader, reload=True)
        assert ask(loader.warehouse, "select max(len(method)) from staging.events") == [(20,)]
        assert planned(loader).differences == []
        assert reconcile(loader, deep=True) == []


def test_a_column_that_redshift_cannot_widen_is_left_with_what_to_do(loaded: Loader, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html"""
    table = "alter table ledger.quarantine"
    ask(
        loaded.warehouse,
        f"{table} alter column column_name encode bytedict",
        f"{table} add unique (column_name)",
        f"{table} add column note varchar(8) default 'x'",
    )
    declared = "column_name varchar(256),\n    note varchar(16)"
    with changed(tmp_path / "sql", "ddl/ledger.sql", "column_name varchar(128)", declared):
        for advice, statement in (
            ("drop constraint quarantine_column_name_key", "drop constraint quarantine_column_name_key"),
            ("encoded as bytedict", "alter column column_name encode zstd"),
        ):
            plan = planned(loaded)
            assert plan.steps == []
            told = {
                left.difference.name: left.advice for left in plan.left if left.difference.what == "width"
            }
            assert advice in told["column_name"]
            assert "insert its rows" in told["note"], "it has a default"
            ask(loaded.warehouse, f"{table} {statement}")
        assert [step.apart for step in migrate(loaded).steps] == [True]
        assert [left.difference.name for left in planned(loaded).left] == ["note"]


def test_what_nobody_can_alter_is_left_with_what_to_do(loaded: Loader, tmp_path: Path) -> None:
    with changed(tmp_path / "sql", "ddl/staging.sql", "status integer", "status bigint not null"):
        plan = planned(loaded)
        assert [(left.difference.table, left.difference.what) for left in plan.left] == [
            ("incoming.events", "type"),
            ("incoming.events", "not null"),
            ("staging.events", "type"),
            ("staging.events", "not null"),
        ]
        assert all("`sparkify tables create`" in left.advice for left in plan.left)


def test_how_a_table_lies_on_the_nodes_is_left_to_whoever_tunes_it(loaded: Loader) -> None:
    ask(
        loaded.warehouse,
        "alter table sparkify.time alter diststyle even",
        "alter table sparkify.songplays alter distkey user_id",
        "alter table staging.events alter sortkey (ts)",
    )
    plan = planned(loaded)
    assert not plan.changes_warehouse
    statements = [left.advice for left in plan.left]
    assert statements == [
        "alter table sparkify.songplays alter diststyle key distkey session_id",
        "alter table sparkify.time alter diststyle all",
        "alter table staging.events alter sortkey (event_date, ts)",
    ]
    ask(loaded.warehouse, *statements)
    assert planned(loaded).differences == []


def test_a_view_on_a_table_that_is_made_anew_is_named(loaded: Loader) -> None:
    ask(
        loaded.warehouse,
        "create view sparkify.weeks as select start_time from sparkify.time",
        "alter table sparkify.time drop column week",
    )
    with pytest.raises(MigrationRefused, match=r"view weeks depends.*: drop the view, and migrate again"):
        migrate(loaded)
    assert ask(loaded.warehouse, "select count(*) from sparkify.time") == [(4,)]
    ask(loaded.warehouse, "drop view sparkify.weeks")
    assert migrate(loaded).rebuilds


def test_what_was_planned_is_what_is_done(loaded: Loader) -> None:
    ask(loaded.warehouse, "drop table sparkify.time")
    plan = planned(loaded)
    ask(loaded.warehouse, "drop table sparkify.users")
    with pytest.raises(MigrationRefused, match="plan it again"):
        Migrator(loaded.publisher).carry_out(plan)
    with Admin(loaded.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('sparkify.time')")
        assert cursor.fetchall() == [(None,)]


def test_who_reads_meanwhile_sees_the_star_as_it_was(loaded: Loader, tmp_path: Path) -> None:
    ask(loaded.warehouse, "drop table sparkify.songs")
    with loaded.warehouse.transaction(lock=False) as reader:
        reader.cursor.execute("select count(*) from sparkify.songplays")
        assert reader.cursor.fetchall() == [(4,)]
        assert migrate(loaded).rebuilds
        reader.cursor.execute("select count(*) from sparkify.songplays")
        assert reader.cursor.fetchall() == [(4,)]
    assert_as_new(loaded, tmp_path)
