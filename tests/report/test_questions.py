"""The answers on the real data are those of the reference, and of a small model that reads the files itself."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.report.questions import QUESTIONS, answer
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all

Answers = dict[str, list[dict[str, Any]]]
Event = dict[str, Any]

MINUTE = 60
LENGTHS = {
    "under 5 min": 5 * MINUTE,
    "5 to 15 min": 15 * MINUTE,
    "15 to 30 min": 30 * MINUTE,
    "30 to 60 min": 60 * MINUTE,
    "1 to 2 h": 120 * MINUTE,
    "2 to 4 h": 240 * MINUTE,
    "4 h and more": 10**9,
}


@pytest.fixture(scope="module")
def answers(loaded: Loader) -> Answers:
    return answers_of(loaded.warehouse)


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((reference / "reference.json").read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def events(reference: Path) -> list[Event]:
    """The records of the files, in the order in which they happened."""
    lines = [
        line
        for path in (reference / "log_data").rglob("*.json")
        for line in path.read_text("utf-8").splitlines()
    ]
    return sorted(map(json.loads, lines), key=lambda e: (e["ts"], e["sessionId"], e["itemInSession"]))


@pytest.fixture(scope="module")
def plays(events: list[Event]) -> list[Event]:
    return [event for event in events if event["page"] == "NextSong"]


def answers_of(warehouse: Warehouse) -> Answers:
    with warehouse.transaction(lock=False) as transaction:
        return {question.name: [dict(row) for row in answer(transaction, question)] for question in QUESTIONS}


def day_of(event: Event) -> date:
    return datetime.fromtimestamp(event["ts"] / 1000, UTC).date()


def pairs(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


def top(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """The ten greatest, equals by name as bytes compare."""
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0]).encode()))[:10]


def test_each_question_has_a_title_a_rule_and_inputs() -> None:
    assert {question.file for question in QUESTIONS} == set(queries.names("analytics"))
    for question in QUESTIONS:
        assert question.title
        assert question.description.endswith(".")
        assert question.inputs


def test_hours_weekdays_users_and_locations_are_those_of_the_reference(
    answers: Answers, expected: dict[str, Any]
) -> None:
    hours = sorted(map(tuple, expected["songplays_by_hour"]))
    assert pairs(answers["plays_by_hour"], "hour", "plays") == hours
    weekdays = dict(expected["songplays_by_weekday"])
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    assert pairs(answers["plays_by_weekday"], "weekday", "plays") == [
        (name, weekdays[name]) for name in names
    ]
    users = [tuple(pair) for pair in expected["top_users_by_songplays"]]
    assert users[:3] == [(49, 689), (80, 665), (97, 557)]
    assert pairs(answers["top_users"], "user_id", "plays") == users
    locations = [tuple(pair) for pair in expected["top_locations_by_songplays"]]
    assert pairs(answers["top_locations"], "location", "plays") == locations


def test_days_and_matches_are_those_of_the_reference(answers: Answers, expected: dict[str, Any]) -> None:
    days = [(day["day"], day["next_song"]) for day in expected["per_day"]]
    assert pairs(answers["plays_by_day"], "day", "plays") == days
    assert pairs(answers["match_rate"], "day", "plays") == days
    (match,) = expected["matched_songplays"]
    matched = datetime.fromtimestamp(match["ts"] / 1000, UTC).date().isoformat()
    assert {row["day"]: row["matched"] for row in answers["match_rate"] if row["matched"]} == {matched: 1}
    (row,) = [row for row in answers["match_rate"] if row["matched"]]
    assert row["matched_percent"] == pytest.approx(100 / row["plays"], abs=0.005)


def test_songs_and_artists_are_those_of_the_files(answers: Answers, plays: list[Event]) -> None:
    songs = top(Counter((play["song"], play["artist"]) for play in plays))
    assert sorted(pairs(answers["top_songs"], "song", "artist", "plays")) == sorted(
        (*names, count) for names, count in songs
    )
    counts = [row["plays"] for row in answers["top_songs"]]
    assert counts == sorted(counts, reverse=True)
    assert pairs(answers["top_artists"], "artist", "plays") == top(Counter(play["artist"] for play in plays))
    for row in answers["top_artists"]:
        assert row["users"] == len({play["userId"] for play in plays if play["artist"] == row["artist"]})


def test_levels_and_their_changes_are_those_of_the_files(
    answers: Answers, events: list[Event], plays: list[Event], expected: dict[str, Any]
) -> None:
    levels = Counter((day_of(play).isoformat(), play["level"]) for play in plays)
    assert pairs(answers["plays_by_level"], "day", "paid", "free") == [
        (day, levels[day, "paid"], levels[day, "free"]) for day in sorted({day for day, _ in levels})
    ]
    former: dict[str, str] = {}
    changes: Counter[tuple[str, str]] = Counter()
    changers = set()
    for event in events:
        if event["auth"] == "Logged In":
            user, level = event["userId"], event["level"]
            if former.setdefault(user, level) != level:
                changes[day_of(event).isoformat(), level] += 1
                changers.add(int(user))
            former[user] = level
    assert sorted(changers) == expected["events"]["level_changers"]  # the model is right
    days = sorted({day_of(event).isoformat() for event in events if event["auth"] == "Logged In"})
    assert pairs(answers["level_changes"], "day", "upgrades", "downgrades") == [
        (day, changes[day, "paid"], changes[day, "free"]) for day in days
    ]


def test_sessions_are_those_of_the_files(
    answers: Answers, plays: list[Event], expected: dict[str, Any]
) -> None:
    sessions: dict[int, list[int]] = defaultdict(list)
    for play in plays:
        sessions[play["sessionId"]].append(play["ts"])
    assert len(sessions) == expected["events"]["sessions_next_song"]
    lengths: Counter[str] = Counter()
    for times in sessions.values():
        seconds = (max(times) - min(times)) / 1000
        lengths[next(name for name, end in LENGTHS.items() if seconds < end)] += 1
    assert pairs(answers["session_lengths"], "length", "sessions") == [
        (name, lengths[name]) for name in LENGTHS if lengths[name]
    ]
    per_session = answers["plays_per_session"]
    assert sum(row["sessions"] for row in per_session) == len(sessions)
    assert sum(row["plays"] for row in per_session) == len(plays)
    assert [row["plays_in_session"] for row in per_session][:2] == ["1", "2 to 3"]
    assert per_session[0]["sessions"] == sum(len(times) == 1 for times in sessions.values())
    assert per_session[-1]["sessions"] == sum(len(times) >= 64 for times in sessions.values())


def test_active_users_are_those_of_the_files(answers: Answers, plays: list[Event]) -> None:
    seen: dict[date, set[str]] = defaultdict(set)
    for play in plays:
        seen[day_of(play)].add(play["userId"])

    def active(day: date, days: int) -> int:
        return len(set().union(*(seen[day - timedelta(back)] for back in range(days))))

    assert pairs(answers["active_users"], "day", "daily", "weekly", "monthly") == [
        (day.isoformat(), active(day, 1), active(day, 7), active(day, 30))
        for day in sorted(day for day in seen if seen[day])
    ]


def test_retention_is_that_of_the_files(answers: Answers, plays: list[Event]) -> None:
    weeks: dict[str, set[date]] = defaultdict(set)
    for play in plays:
        day = day_of(play)
        weeks[play["userId"]].add(day - timedelta(day.weekday()))
    newcomers = Counter(min(their) for their in weeks.values())
    came = Counter((min(their), (week - min(their)).days // 7) for their in weeks.values() for week in their)
    assert pairs(answers["retention_by_week"], "first_week", "weeks_later", "newcomers", "users") == [
        (first.isoformat(), later, newcomers[first], users) for (first, later), users in sorted(came.items())
    ]
    for row in answers["retention_by_week"]:
        assert row["users_percent"] == pytest.approx(100 * row["users"] / row["newcomers"], abs=0.05)


def test_an_empty_warehouse_has_empty_answers(loader: Loader) -> None:
    loader.warehouse.ensure_tables()
    assert all(rows == [] for rows in answers_of(loader.warehouse).values())


def test_a_play_that_was_delivered_twice_counts_once(loader: Loader, source: Path, reference: Path) -> None:
    (file,) = (reference / "log_data").rglob("2018-11-01-events.json")
    target = source / "log_data/2018/11/2018-11-01-events.json"
    target.parent.mkdir(parents=True)
    target.write_text(file.read_text("utf-8") + "\n" + file.read_text("utf-8"), "utf-8")
    load_all(loader)
    twice = answers_of(loader.warehouse)
    target.write_text(file.read_text("utf-8"), "utf-8")
    load_all(loader)
    assert twice == answers_of(loader.warehouse)
    assert sum(row["plays"] for row in twice["plays_by_day"]) == 11


def test_the_same_rows_give_the_same_answers_whatever_order_they_lie_in(
    loaded: Loader, answers: Answers
) -> None:
    connection = loaded.warehouse.connect()
    with connection.cursor() as cursor:
        for table in ("sparkify.songplays", "staging.events"):
            cursor.execute(f"create temp table former as select * from {table}")
            cursor.execute(f"delete from {table}")
            cursor.execute(f"insert into {table} select * from former order by random()")
            cursor.execute("drop table former")
    connection.commit()
    connection.close()
    assert answers_of(loaded.warehouse) == answers
