"""The live report without a browser: when it is made, what it answers, and whom."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.profile import make_profile
from sparkify_assets.load.loader import Loader
from sparkify_assets.report import live
from sparkify_assets.report.behind import COUNTED, address
from sparkify_assets.report.live import Edition, LiveReport
from sparkify_assets.report.questions import QUESTIONS
from sparkify_assets.report.questions import answer as rows_of
from sparkify_assets.report.site import HEADERS, answer, served
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.page import until

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample, with a title that is markup."""
    source = tmp_path_factory.mktemp("source")
    write_sample(source, events=1500, songs=40, days=4, seed=3)
    day = min(source.rglob("*-events.json"))
    lines = day.read_text("utf-8").splitlines()
    play = next(json.loads(line) for line in lines if '"NextSong"' in line)
    more = [json.dumps({**play, "song": HOSTILE, "itemInSession": 900 + n}) for n in range(150)]
    day.write_text("\n".join([*lines, *more]), "utf-8")
    return source


@pytest.fixture(scope="module")
def loader(shared_warehouse: Warehouse, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    loader = loader_for(shared_warehouse, source, tmp_path_factory.mktemp("home"))
    load_all(loader)
    return loader


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look asks the ledger."""
    monkeypatch.setattr(live, "LOCAL_SECONDS", 0.0)


@pytest.fixture
def quiet(loader: Loader) -> LiveReport:
    """A report that is not made."""
    return LiveReport(loader.warehouse, loader.settings)


# ---------------------------------------------------------------- when it is made


def test_it_is_made_once_and_again_only_after_a_change(loader: Loader, source: Path) -> None:
    report = LiveReport(loader.warehouse, loader.settings, lambda *_: "a page")
    editions = []

    def edition() -> str:
        report.renew()
        assert report.edition
        if report.edition not in editions:
            editions.append(report.edition)
        return report.edition.name

    first = edition()
    assert report.told() == {"edition": first, "text": "Made less than a minute ago."}
    assert edition() == first
    day = max(source.rglob("*-events.json"))
    whole = day.read_text("utf-8")
    day.write_text("\n".join(whole.splitlines()[:-3]), "utf-8")
    assert edition() == first  # nothing is published yet
    load_all(loader)
    assert edition() != first
    make_profile(loader.settings, loader.source, "songs")
    assert edition() == editions[-1].name
    assert len(editions) == 3
    report.settings = replace(
        loader.settings, last_day=date(2018, 11, 2)
    )  # another day is the last that is due
    edition()
    assert len(editions) == 4


@pytest.mark.usefixtures("eager")
def test_nothing_is_made_before_somebody_looks(loader: Loader) -> None:
    with LiveReport(loader.warehouse, loader.settings, lambda *_: "a page") as report:
        assert report.told() == {"edition": "", "text": "The report is about to be made."}
        assert report.edition is None
        assert "about to be made" in answer(report, "/").body
        until(lambda: report.edition, 20, "no edition")
        assert answer(report, "/").body == "a page"


def test_the_last_edition_is_shown_while_the_next_is_made(loader: Loader) -> None:
    pages = ["<p>first</p>", "<p>second</p>"]
    begun, go = threading.Event(), threading.Event()

    def make(*_: object) -> str:
        begun.set()
        assert go.wait(20)
        return pages.pop(0)

    report = LiveReport(loader.warehouse, loader.settings, make)
    go.set()
    report.renew()
    assert report.edition
    report.edition = replace(report.edition, state="another")
    begun.clear()
    go.clear()
    making = threading.Thread(target=report.renew)
    making.start()
    assert begun.wait(20)
    assert answer(report, "/").body == "<p>first</p>"
    assert "A newer one has been in the making for 0 s; the last one took" in report.told()["text"]
    go.set()
    making.join(20)
    assert answer(report, "/").body == "<p>second</p>"


def test_the_last_edition_is_shown_if_the_next_cannot_be_made(loader: Loader) -> None:
    def make(*_: object) -> str:
        raise RuntimeError("no room\nin memory")

    with LiveReport(loader.warehouse, loader.settings, make) as report:
        report.edition = Edition("<p>first</p>", datetime.now(UTC), 1.0, "another")
        report.look()
        until(lambda: report.trouble, 20, "no trouble")
        assert report.told()["text"].endswith("It could not be made anew: RuntimeError: no room in memory.")
        assert answer(report, "/").body == "<p>first</p>"


@pytest.mark.usefixtures("eager")
def test_before_anything_is_loaded_it_says_so_and_makes_no_tables(
    warehouse: Warehouse, loader: Loader
) -> None:
    with LiveReport(warehouse, loader.settings) as report:
        report.look()
        until(lambda: report.nothing_there or None, 20, "not looked")
        assert "Nothing is loaded yet; `sparkify load`" in answer(report, "/").body
        assert "no play 1-1" in answer(report, "/why/1-1").body
        assert "No play" in answer(report, "/plays").body
    with warehouse.looking() as snapshot:
        assert snapshot is None


# ---------------------------------------------------------------- what it answers


def test_the_plays_behind_every_number_are_as_many_as_it_says(loader: Loader, quiet: LiveReport) -> None:
    with loader.warehouse.reading() as transaction:
        answers = [(question, rows_of(transaction, question, loader.settings)) for question in QUESTIONS]
    followed: dict[str, int] = {}
    for question, rows in answers:
        some = sorted(rows, key=lambda row: -max(row.get(column) or 0 for column in COUNTED))[:2]
        for row, column in ((one, column) for one in some for column in one):
            if target := address(question, row, column):
                body = answer(quiet, target).body
                assert f"<h1>{row[column]:,} play" in body, (target, row)
                followed[f"{question.name}.{column}"] = body.count('href="/why/')
    assert {"plays_by_level.paid", "plays_by_weekday.plays", "top_songs.plays", "match_rate.matched"} <= {
        *followed
    }
    assert all(followed.values())


def test_a_play_leads_to_its_files_and_its_run(loader: Loader, quiet: LiveReport) -> None:
    with loader.warehouse.reading() as transaction:
        transaction.cursor.execute("select songplay_id from sparkify.songplays where song_id is not null")
        (play, *_) = (row[0] for row in transaction.cursor.fetchall())
    found = answer(quiet, f"/why/{play}")
    assert found.status == 200
    assert len(re.findall(r"<code>log_data/[^<]+\.json</code> line \d+</td>", found.body)) == 1
    assert re.findall(r"<code>song_data/.*?</td>", found.body)[0].endswith("</code> line 1</td>")
    assert len(re.findall("<code>song_data/", found.body)) == 1, (
        "the song's own file, and none of its prefix beside it"
    )


def test_what_the_data_says_is_text(loader: Loader, quiet: LiveReport) -> None:
    (top_songs,) = (question for question in QUESTIONS if question.name == "top_songs")
    with loader.warehouse.reading() as transaction:
        rows = rows_of(transaction, top_songs, loader.settings)
    target = next(address(top_songs, row, "plays") for row in rows if row["song"] == HOSTILE)
    plays = answer(quiet, str(target)).body
    play = re.search(r'href="(/why/[^"]+)"', plays)
    assert play
    for body in (plays, answer(quiet, play[1]).body, answer(quiet, f"/why/{quote(HOSTILE, safe='')}").body):
        assert HOSTILE in unescape(body)
        assert "<script>" not in body


@pytest.mark.parametrize(
    "target",
    ["/nothing", "/../../etc/passwd", "/%2e%2e/page.py", "/style.css/", "//style.css", "/why/a/b", "/why/%00",
     "/plays?day=2018-13-01", "/plays?hour=24", "/plays?user_id=1%27", "/plays?user_id=99999999999999999999",
     "/plays?day", "/plays?weekday=Someday", "/plays?song=%00", "/plays?page=Home"],
)  # fmt: skip
def test_an_address_that_is_none_is_a_page_that_says_so(quiet: LiveReport, target: str) -> None:
    found = answer(quiet, target)
    assert found.status == 404
    assert found.body.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("day=foo", "not a day such as 2018-11-12"),
        ("day=2018-11-31", "not a day such as 2018-11-12"),
        ("hour=24", "not a whole number from 0 to 23"),
        ("day", "takes NAME=VALUE"),
    ],
)
def test_why_no_plays_are_found_is_told_in_the_page_s_own_words(
    quiet: LiveReport, query: str, why: str
) -> None:
    assert why in answer(quiet, f"/plays?{query}").body


# ---------------------------------------------------------------- whom


@pytest.fixture(scope="module")
def site(loader: Loader) -> Iterator[str]:
    with served(replace(loader.settings, warehouse=loader.warehouse.url), 0) as address:
        yield address.removeprefix("http://")


def asked(site: str, method: str, target: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(site, timeout=20)
    connection.putrequest(method, target, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def test_it_answers_on_loopback_by_its_own_names_only(site: str) -> None:
    port = site.partition(":")[2]
    assert site == f"127.0.0.1:{port}"
    for host in (site, f"localhost:{port}", f"LOCALHOST:{port}"):
        assert asked(site, "GET", "/style.css", Host=host).status == 200
    for host in (
        "127.0.0.1",
        f"example.com:{port}",
        f"127.0.0.1.example.com:{port}",
        f"{site}@example.com",
        "",
    ):
        refused = asked(site, "GET", "/style.css", Host=host)
        assert refused.status == 403
        assert b"font" not in refused.read()
    assert asked(site, "GET", "/style.css").status == 403
    assert asked(site, "GET", "http://example.com/style.css", Host=site).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT"])
def test_it_takes_nothing_but_get(site: str, method: str) -> None:
    assert asked(site, method, "/", Host=site).status == 501


def test_every_answer_tells_the_browser_to_load_nothing_from_elsewhere(site: str) -> None:
    for target, host in (("/style.css", site), ("/nothing", site), ("/", "example.com")):
        found = asked(site, "GET", target, Host=host)
        assert {name: found.getheader(name) for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "*" not in policy
