"""The answers are those of the reference, and those of a small model that reads the files itself, on the real data and
on made-up worlds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.report.charts import picture
from sparkify_assets.report.questions import QUESTIONS, answer, statement
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.invariants.world import PATIENT, drawn
from tests.report.expected_answers import EPOCH, Expected

Answers = dict[str, list[dict[str, Any]]]
Record = dict[str, Any]

#: A play as the player sends it.
PLAY: Mapping[str, Any] = {
    "artist": "Ana", "auth": "Logged In", "firstName": "Kim", "gender": "F", "itemInSession": 0, "lastName": "Ito",
    "length": 200.5, "level": "free", "location": "New York-Newark-Jersey City, NY-NJ-PA", "method": "PUT",
    "page": "NextSong", "registration": 1540919166796.0, "sessionId": 1, "song": "Sun", "status": 200,
    "userAgent": "curl", "userId": "1",
}  # fmt: skip
SONG: Mapping[str, Any] = {
    "num_songs": 1, "artist_id": "AR1", "artist_latitude": None, "artist_longitude": None, "artist_location": "",
    "artist_name": "Ana", "song_id": "SO1", "title": "Sun", "duration": 200.5, "year": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(loaded: Loader) -> Answers:
    return answers_of(loaded)


@pytest.fixture(scope="module")
def reference_answers(reference: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((reference / "reference.json").read_text("utf-8"))
    return read


def answers_of(loader: Loader) -> Answers:
    with loader.warehouse.transaction(lock=False) as transaction:
        return {
            question.name: [dict(row) for row in answer(transaction, question, loader.settings)]
            for question in QUESTIONS
        }


def expected_of(source: Path, **options: Any) -> Answers:
    files = {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*.json")}
    model = Expected(files, **options)
    return {
        question.name: [
            {column: value.isoformat() if isinstance(value, date) else value for column, value in row.items()}
            for row in getattr(model, question.name)()
        ]
        for question in QUESTIONS
    }


def assert_same(found: Answers, expected: Answers) -> None:
    """Every row of every answer; averages have one decimal, percentages six."""
    for name, rows in expected.items():
        precise = {
            "plays_per_day": 0.051,
            "matched_percent": 1e-6,
            "users_percent": 1e-6,
            "plays_percent": 1e-6,
        }
        assert len(found[name]) == len(rows), name
        for place, (row, right) in enumerate(zip(found[name], rows, strict=True)):
            approximately = {
                column: pytest.approx(value, abs=precise[column])
                if column in precise and value is not None
                else value
                for column, value in right.items()
            }
            assert row == approximately, f"{name}, row {place}"


def pairs(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


# ---------------------------------------------------------------- the real data


def test_each_question_has_a_title_a_rule_and_inputs() -> None:
    assert {question.file for question in QUESTIONS} == set(queries.names("analytics"))
    for question in QUESTIONS:
        assert question.title
        assert question.description.endswith(".")
        assert question.inputs


def test_every_row_of_every_answer_is_that_of_the_files(answers: Answers, reference: Path) -> None:
    assert_same(answers, expected_of(reference))


def test_what_the_reference_counts_is_counted(answers: Answers, reference_answers: dict[str, Any]) -> None:
    """The reference was made by neither the project nor the tests' model."""
    counted = reference_answers
    assert pairs(answers["plays_by_hour"], "hour", "plays") == sorted(
        map(tuple, counted["songplays_by_hour"])
    )
    assert dict(pairs(answers["plays_by_weekday"], "weekday", "plays")) == dict(
        counted["songplays_by_weekday"]
    )
    users = [tuple(pair) for pair in counted["top_users_by_songplays"]]
    assert users[:3] == [(49, 689), (80, 665), (97, 557)]
    assert pairs(answers["top_users"], "user_id", "plays") == users
    locations = [tuple(pair) for pair in counted["top_locations_by_songplays"]]
    assert pairs(answers["top_locations"], "location", "plays") == locations
    days = [(day["day"], day["next_song"]) for day in counted["per_day"]]
    assert (
        pairs(answers["plays_by_day"], "day", "plays") == pairs(answers["match_rate"], "day", "plays") == days
    )
    (match,) = counted["matched_songplays"]
    matched = (EPOCH + timedelta(milliseconds=match["ts"])).date().isoformat()
    assert {row["day"]: row["matched"] for row in answers["match_rate"] if row["matched"]} == {matched: 1}
    assert {
        day
        for day, *change in pairs(answers["level_changes"], "day", "upgrades", "downgrades")
        if any(change)
    }
    assert (
        sum(row["sessions"] for row in answers["plays_per_session"])
        >= counted["events"]["sessions_next_song"]
    )


def test_the_sql_that_is_shown_gives_the_rows_that_are_shown(loaded: Loader, answers: Answers) -> None:
    with loaded.warehouse.transaction(lock=False) as transaction:
        for question in QUESTIONS:
            text = statement(question, loaded.settings)
            assert "%" not in text
            assert "{" not in text
            transaction.cursor.execute(text)
            columns = [column.name for column in transaction.cursor.description or ()]
            assert columns == list(answers[question.name][0])
            assert len(transaction.cursor.fetchall()) == len(answers[question.name])


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
    assert answers_of(loaded) == answers


# ---------------------------------------------------------------- made-up worlds


def write(source: Path, plays: Iterable[Record], songs: Iterable[Record] = (SONG,)) -> None:
    """Write events into the files of their days, or of the day that `file_day` names, and songs into one file each."""
    files: dict[Path, list[Record]] = {}
    for play in plays:
        day = play.get("file_day") or at(play["ts"]).date()
        path = source / f"log_data/{day:%Y}/{day:%m}/{day}-events.json"
        files.setdefault(path, []).append({name: value for name, value in play.items() if name != "file_day"})
    for number, song in enumerate(songs):
        files[source / f"song_data/A/A/A/TRAAA{number}.json"] = [dict(song)]
    for path, records in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")


def at(ts: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ts)


def ts(moment: str) -> int:
    return round((datetime.fromisoformat(f"{moment}+00:00") - EPOCH).total_seconds() * 1000)


def play(moment: str, **changes: Any) -> Record:
    return {**PLAY, "ts": ts(moment), **changes}


def loaded_world(loader: Loader, source: Path, plays: Iterable[Record], **songs: Any) -> Answers:
    write(source, plays, **songs)
    load_all(loader)
    found = answers_of(loader)
    assert_same(found, expected_of(source))
    return found


@pytest.fixture
def patient(warehouse: Warehouse, source: Path, tmp_path: Path) -> Loader:
    """It takes every day since 2010, and any share of refused records."""
    return loader_for(warehouse, source, tmp_path / "home", first_day=date(2010, 1, 1), **PATIENT)


def test_an_empty_warehouse_has_empty_answers(loader: Loader) -> None:
    loader.warehouse.ensure_tables()
    assert all(rows == [] for rows in answers_of(loader).values())


def test_days_hours_weekdays_and_buckets_without_a_play_are_rows(patient: Loader, source: Path) -> None:
    found = loaded_world(
        patient, source, [play("2018-11-01T03:00:00"), play("2018-11-13T20:00:00", sessionId=2)]
    )
    assert pairs(found["plays_by_day"], "plays") == [(1,), *[(0,)] * 11, (1,)]
    assert len(found["plays_by_hour"]) == 24
    assert (
        len(found["plays_by_weekday"])
        == len(found["session_lengths"])
        == len(found["plays_per_session"])
        == 7
    )
    assert [row["matched_percent"] for row in found["match_rate"]] == [100, *[None] * 11, 100]
    assert pairs(found["retention_by_week"], "weeks_later", "users") == [(0, 1), (1, 0), (2, 1)]


def test_one_day_is_an_answer(patient: Loader, source: Path) -> None:
    found = loaded_world(patient, source, [play("2018-12-31T23:59:59.999")])
    assert pairs(found["plays_by_day"], "day", "plays") == [("2018-12-31", 1)]
    assert [name for name, rows in found.items() if not rows] == ["near_matches"]
    for question in QUESTIONS[:-1]:  # six weekdays have no average
        assert picture(question, found[question.name]).startswith("<svg ")


@pytest.mark.parametrize(
    ("seconds", "length"),
    [(299.5, "under 5 min"), (300, "5 to 15 min"), (14_399.5, "2 to 4 h"), (14_400, "4 h and more")],
)
def test_a_session_lasts_as_long_as_its_songs(
    patient: Loader, source: Path, seconds: float, length: str
) -> None:
    found = loaded_world(patient, source, [play("2018-11-01T03:00:00.700", length=seconds)])
    assert {row["length"] for row in found["session_lengths"] if row["sessions"]} == {length}


def test_a_long_silence_ends_a_session_and_a_short_one_does_not(patient: Loader, source: Path) -> None:
    plays = [
        play("2018-11-01T08:01:00", length=60, itemInSession=0),
        play("2018-11-01T08:32:00", length=60, itemInSession=1),  # after exactly thirty minutes
        play("2018-11-01T20:00:00", length=60, itemInSession=2),
    ]
    found = loaded_world(patient, source, plays)
    assert {
        row["plays_in_session"]: row["sessions"] for row in found["plays_per_session"] if row["sessions"]
    } == {
        "1": 1,
        "2 to 3": 1,
    }


def test_a_song_that_was_skipped_does_not_make_its_session_longer(patient: Loader, source: Path) -> None:
    plays = [
        play("2018-11-01T08:00:00", length=3000, itemInSession=0),
        play("2018-11-01T08:00:10", itemInSession=1),
    ]
    found = loaded_world(patient, source, plays)
    assert {row["length"] for row in found["session_lengths"] if row["sessions"]} == {"under 5 min"}


def test_a_delivery_that_another_supersedes_changes_no_level(patient: Loader, source: Path) -> None:
    first = play("2018-11-01T08:00:00", level="free")
    paid = play("2018-11-01T09:00:00", level="paid", itemInSession=1)
    again = {**paid, "level": "free", "file_day": date(2018, 11, 2)}
    found = loaded_world(patient, source, [first, paid, again])
    assert pairs(found["level_changes"], "upgrades", "downgrades") == [(0, 0)]
    assert pairs(found["plays_by_level"], "paid", "free") == [(0, 2)]


def test_a_user_between_two_sessions_changes_plan_once_a_day(patient: Loader, source: Path) -> None:
    plays = [
        play(f"2018-11-0{day}T08:0{minute}:00", sessionId=session, itemInSession=minute, level=level)
        for day, minute, session, level in [(1, 0, 1, "free"), (2, 0, 1, "free"), (2, 1, 2, "paid"), (2, 2, 1, "free"),
                                            (2, 3, 2, "paid")]
    ]  # fmt: skip
    found = loaded_world(patient, source, plays)
    assert pairs(found["level_changes"], "upgrades", "downgrades", "to_paid", "to_free") == [
        (0, 0, 0, 0),
        (2, 1, 1, 0),
    ]


def test_empty_names_are_not_ranked_and_blanks_make_no_other_name(patient: Loader, source: Path) -> None:
    texts = [("Sun", "Ana"), ("Sun ", "Ana "), ("", ""), ("  ", "Ana"), (None, None)]
    plays = [
        play("2018-11-01T08:00:00", itemInSession=n, song=song, artist=artist, location=artist)
        for n, (song, artist) in enumerate(texts)
    ]
    found = loaded_world(patient, source, plays)
    assert pairs(found["top_songs"], "song", "artist", "plays") == [("Sun", "Ana", 2)]
    assert pairs(found["top_artists"], "artist", "plays") == [("Ana", 3)]
    assert pairs(found["top_locations"], "location", "plays") == [("Ana", 3)]


def test_titles_that_nearly_match_are_told_with_what_keeps_them_apart(patient: Loader, source: Path) -> None:
    titles = [
        ("Sun", "Ana", "title and artist are in the library"),
        ("SUN [live]", "ana (feat. Bo)", "only case, brackets or guests differ"),
        ("Sun  ft. Bo", "Ana featuring Cy", "only case, brackets or guests differ"),
        ("Sun (Remix)", "Bo", "title there, by another artist"),
        ("Moon", "ANA", "artist there, with other titles"),
        ("Sunfeat. Bo", "Anaft. Cy", "neither is there"),
        ("(Sun)", "[Ana]", "neither is there"),
        ("", "Ana", "title or artist was not sent"),
    ]
    plays = [
        play("2018-11-01T08:00:00", itemInSession=n, song=song, artist=artist)
        for n, (song, artist, _) in enumerate(titles)
    ]
    found = loaded_world(patient, source, plays)
    reasons = [reason for *_, reason in titles]
    assert {row["reason"]: row["plays"] for row in found["match_reasons"]} == dict(Counter(reasons))
    assert [row["nearest_title"] for row in found["near_matches"]] == ["Sun"] * 4
    assert sorted(pairs(found["near_matches"], "song", "artist", "reason")) == sorted(titles[1:5])


def test_weeks_at_the_end_of_a_year_and_local_days_are_those_of_the_calendar(
    patient: Loader, source: Path
) -> None:
    places = {
        "2015-12-31": "El Paso, TX",
        "2016-01-01": "Knoxville, TN",
        "2016-01-03": "Pensacola-Ferry Pass-Brent, FL",
        "2016-01-04": "Phoenix-Mesa-Scottsdale, AZ",
        "2016-03-13": "Portland-South Portland, ME",
        "2016-03-14": "Oslo",
    }
    registered = float(ts("2015-12-28T00:00:00"))
    plays = [
        play(f"{day}T02:30:00", sessionId=number, location=place, registration=registered)
        for number, (day, place) in enumerate(places.items())
    ]
    found = loaded_world(patient, source, plays)
    assert found["retention_by_week"][1] == {
        "registered_week": "2015-12-28", "weeks_later": 1, "newcomers": 1, "users": 1, "users_percent": 100, "days": 7,
    }  # fmt: skip
    assert sum(row["local_plays"] for row in found["plays_by_hour"]) == 5


@pytest.mark.parametrize("seed", range(6))
def test_answers_of_a_small_world_are_those_of_the_files(patient: Loader, source: Path, seed: int) -> None:
    """Gaps, ties, several deliveries, unknown values, and a year's end."""
    random = Random(seed)
    begin = ts(random.choice(["2018-12-24T00:00:00", "2016-02-26T12:00:00", "2020-12-28T00:00:00"]))
    names = [None, "", "Ana", "Ana ", "Bo", "Cy"]
    moments = [begin + random.randrange(random.choice([40_000_000, 3_000_000_000])) for _ in range(40)]
    pools = {
        "ts": moments,
        "page": ["NextSong", "NextSong", "NextSong", "Home"],
        "userId": ["1", "2", "3", "4"],
        "sessionId": [0, 1, 2, 3],
        "itemInSession": [0, 1, 2],
        "artist": [*names, "ana feat. Bo"],
        "song": [*names, "Sun", "sun (live)"],
        "level": ["free", "paid"],
        "length": [None, 0.0, 12.5, 180.25, 7200.0, 1e9],
        "location": [*names, "El Paso, TX"],
        "registration": [None, 1540919166796.0, float(begin), float(begin) + 9e8],
    }
    plays: list[Record] = [{**PLAY, **drawn(pools, random)} for _ in range(120)]
    for record in plays[:20]:  # delivered once more, a day later and with another level
        day = at(record["ts"]).date() + timedelta(days=1)
        plays.append({**record, "level": "paid", "file_day": day})
    loaded_world(patient, source, plays)
