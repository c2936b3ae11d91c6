"""The page in a real browser: it asks nobody for anything, shows its pictures in both themes, and can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from sample_data.generate import write_sample
from sparkify_assets.inspection.profile import make_profile
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.model.fields import expected_fields
from sparkify_assets.report.page import SECTIONS, write_report
from sparkify_assets.report.questions import QUESTIONS
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.page import until

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
)
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"

#: The height of the tallest row of any table that is open.
TALLEST = """
() => Math.max(...[...document.querySelectorAll('tr')]
  .filter(row => row.checkVisibility({ contentVisibilityAuto: true })).map(row => row.getBoundingClientRect().height))
"""

#: The contrast of every text with what lies behind it (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), worst first.
CONTRASTS = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = rgba(getComputedStyle(element).backgroundColor);
      if (color[3] > 200) return color;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = rgba(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.tagName, element.textContent.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample with a hostile song, one that nearly matches, a rejected record, and a day to block."""
    source = tmp_path_factory.mktemp("source")
    write_sample(source, events=4000, songs=60, days=12, seed=5)
    files = sorted((source / "log_data").rglob("*.json"))
    spoil(files[2], song=HOSTILE, artist=HOSTILE, copies=80)
    for song in sorted((source / "song_data").rglob("*.json"))[:5]:
        record = json.loads(song.read_text("utf-8").splitlines()[0])
        spoil(files[5], song=f"{record['title']} (Live)", artist=record["artist_name"], copies=1)
    with files[3].open("a") as file:
        file.write(f'\n{{"ts": "{HOSTILE}", \n')
    with files[4].open("a") as file:
        file.write("\n" + '{"cut": \n' * 2000)
    return source


@pytest.fixture(scope="module")
def loader(shared_warehouse: Warehouse, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    loader = loader_for(shared_warehouse, source, tmp_path_factory.mktemp("home"))
    load_all(loader)
    return loader


@pytest.fixture(scope="module")
def page_file(loader: Loader, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "somewhere" / "report.html"
    for dataset in DATASETS:
        make_profile(loader.settings, loader.source, dataset)
    write_report(loader.warehouse, loader.settings, path)
    return path


def spoil(path: Path, song: str, artist: str, copies: int) -> None:
    """Add plays of a title to a day, often enough to be on top if they should."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    play = next(record for record in records if record["page"] == "NextSong")
    more = [
        {**play, "song": song, "artist": artist, "itemInSession": 9000 + len(records) + n}
        for n in range(copies)
    ]
    path.write_text("\n".join(json.dumps(record) for record in [*records, *more]), "utf-8")


def opened(browser: BrowserContext, path: Path, said: list[str], asked: list[str]) -> Page:
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page


@pytest.mark.ui
def test_the_page_is_whole_in_both_themes_and_on_a_phone(browser: BrowserContext, page_file: Path) -> None:
    said: list[str] = []
    asked: list[str] = []
    page = opened(browser, page_file, said, asked)
    grounds, inks = set(), set()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            shown = page.locator("figure svg:visible")
            assert shown.count() == len(QUESTIONS)
            for picture in shown.all():
                box = picture.bounding_box()
                assert box is not None
                assert box["width"] > 250
                assert box["height"] > 100
                assert (
                    0.85 < box["width"] / float(picture.get_attribute("width") or 0) < 1.6
                )  # text stays legible
            assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
            assert page.evaluate(TALLEST) < 160, "a row takes a fifth of a phone"
            worst = page.evaluate(CONTRASTS)
            assert len(worst) > 200
            assert worst[0][0] >= 4.5, worst[:5]
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        inks.add(
            page.locator("#plays_by_hour svg:visible path[fill*=series-1]").first.evaluate(
                "e => getComputedStyle(e).fill"
            )
        )
    assert len(grounds) == len(inks) == 2, "the themes do not differ"
    assert said == []
    assert set(asked) <= {page_file.as_uri(), "data:,"}


@pytest.mark.ui
def test_every_picture_has_a_sentence_and_a_table_with_its_rows(
    browser: BrowserContext, page_file: Path
) -> None:
    page = opened(browser, page_file, [], [])
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    for link in page.locator("nav a").all():
        assert (link.get_attribute("href") or "").removeprefix("#") in ids
    for question in QUESTIONS:
        card = page.locator(f"#{question.name}")
        sentence = card.locator("svg:visible").get_attribute("aria-label") or ""
        assert sentence.startswith(f"{question.title}: ")
        if not question.tabular:  # or else it is open
            card.get_by_text("Table", exact=True).click()
        rows = card.locator("tbody tr")
        counted = re.search(r": ([\d,]+) values", sentence)
        assert counted is not None
        assert rows.count() == int(counted[1])
        assert rows.first.is_visible()
        card.get_by_text("SQL", exact=True).click()
        assert (
            "from sparkify.songplays" in card.locator("pre").inner_text() or question.name == "level_changes"
        )


@pytest.mark.ui
def test_what_needs_attention_comes_first_with_what_to_type(
    browser: BrowserContext, page_file: Path, source: Path
) -> None:
    page = opened(browser, page_file, [], [])
    blocked = sorted(path.name[:10] for path in (source / "log_data").rglob("*.json"))[4]
    first = page.locator("header li").first.inner_text()
    assert first.startswith("blocked")
    assert blocked in first
    assert f"sparkify rejects --day {blocked}" in first
    assert (
        page.locator("header .attention").bounding_box()["y"] < page.locator(".figures").bounding_box()["y"]
    )  # type: ignore[index]


@pytest.mark.ui
def test_a_table_that_is_wider_than_a_phone_says_so(browser: BrowserContext, page_file: Path) -> None:
    page = opened(browser, page_file, [], [])
    hint = page.locator(".hint:has(+ [aria-label=Checks])")
    for width, shown in ((1280, False), (390, True)):
        page.set_viewport_size({"width": width, "height": 900})
        table = page.get_by_role("region", name="Checks")
        assert table.evaluate("e => e.scrollWidth > e.clientWidth") is shown
        assert hint.is_visible() is shown
    table.focus()
    page.keyboard.press("ArrowRight")
    until(lambda: table.evaluate("e => e.scrollLeft") or None, 20, "the table did not move")


@pytest.mark.ui
def test_every_section_can_be_reached_from_the_navigation(browser: BrowserContext, page_file: Path) -> None:
    """On a desktop all are in sight; on a phone the row moves, and fades where it goes on."""
    page = opened(browser, page_file, [], [])
    row = page.locator("nav ul")
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        boxes = [link.bounding_box() for link in row.get_by_role("link").all()]
        assert len(boxes) > 5
        assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), boxes
    page.set_viewport_size({"width": 390, "height": 900})
    assert row.evaluate("e => e.scrollWidth > e.clientWidth")
    assert "linear-gradient" in row.evaluate("e => getComputedStyle(e).maskImage")


@pytest.mark.ui
def test_text_of_the_data_is_shown_and_never_run(browser: BrowserContext, page_file: Path) -> None:
    said: list[str] = []
    page = opened(browser, page_file, said, [])
    assert page.locator("body script, body img").count() == 0
    page.locator("#top_songs").get_by_text("Table", exact=True).click()
    assert page.locator("#top_songs td").get_by_text(HOSTILE, exact=True).count() == 2
    assert said == []


@pytest.mark.ui
def test_the_state_of_the_warehouse_is_told(
    browser: BrowserContext, page_file: Path, loader: Loader, source: Path
) -> None:
    page = opened(browser, page_file, [], [])
    assert "1 blocked" in page.locator("header").inner_text()
    days = sorted(path.name[:10] for path in (source / "log_data").rglob("*.json"))
    blocked = days[4]
    text = page.locator("main").inner_text()
    assert f"11, {days[0]} to {days[-1]}" in text
    assert blocked in page.get_by_role("region", name="Blocked").inner_text()
    assert days[3] in page.get_by_role("region", name="Quarantine").inner_text()
    checks = page.get_by_role("region", name="Checks").inner_text()
    assert "songplays_keys" in checks
    assert "events_reject_share" in checks
    with loader.warehouse.transaction(lock=False) as transaction:
        counts: dict[str, Any] = transaction.records("report/row_counts")[0]
    assert f"{counts['songplays']:,}" in text
    events = page.get_by_role("region", name="Fields of events")
    assert events.locator("tbody tr").count() == len(expected_fields("events"))
    assert "not a record" in page.get_by_role("region", name="Oddities of events").inner_text()
    loads = page.get_by_role("region", name="Load history").locator("tbody tr")
    assert loads.count() == 2


def test_an_empty_warehouse_has_a_page(warehouse: Warehouse, loader: Loader, tmp_path: Path) -> None:
    write_report(warehouse, loader.settings, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "Nothing is loaded yet." in text
    assert text.count("Nothing yet.") >= len(QUESTIONS)


def test_every_question_is_on_the_page_once() -> None:
    named = [name for names in SECTIONS.values() for name in names]
    assert sorted(named) == sorted(question.name for question in QUESTIONS)
