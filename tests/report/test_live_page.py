"""The live report in a real browser: from a number to a play's files by keyboard, a newer report offered or shown, and
nothing refused by its own policy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from sample_data.generate import write_sample
from sparkify_assets.load.loader import Loader
from sparkify_assets.report import live
from sparkify_assets.report.live import LiveReport
from sparkify_assets.report.site import serving
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.report.test_page import CONTRASTS

pytestmark = pytest.mark.ui


@pytest.fixture(scope="module")
def loader(shared_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    source = tmp_path_factory.mktemp("source")
    write_sample(source, events=1500, songs=40, days=4, seed=3)
    loader = loader_for(shared_warehouse, source, tmp_path_factory.mktemp("home"))
    load_all(loader)
    return loader


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the browser says of the pages: faults, and what their policy refuses."""
    return []


@pytest.fixture
def page(browser: BrowserContext, said: list[str]) -> Iterator[Page]:
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.close()
    assert said == []


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look asks the ledger."""
    monkeypatch.setattr(live, "LOCAL_SECONDS", 0.0)


def test_a_number_leads_to_its_plays_and_a_play_to_its_files(page: Page, loader: Loader) -> None:
    with LiveReport(loader.warehouse, loader.settings) as report, serving(report, 0) as address:
        page.goto(address)
        expect(page.locator("figure#plays_by_day")).to_be_visible(timeout=60_000)  # it comes by itself
        expect(page.locator("#news")).to_have_text("Made less than a minute ago.")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            assert page.evaluate(CONTRASTS)[0][0] >= 4.5
        card = page.locator("figure#plays_by_day")
        card.get_by_text("Table", exact=True).focus()
        page.keyboard.press("Enter")
        number = card.locator("tbody tr").first.locator("a")
        plays = number.inner_text()
        number.focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(f"{plays} plays")
        page.wait_for_load_state()  # with its style
        assert page.evaluate(CONTRASTS)[0][0] >= 4.5
        play = page.locator("tbody a").first
        name = play.inner_text()
        play.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"sparkify why {name}")).to_be_visible()
        expect(page.get_by_role("region", name="The files of its days")).to_contain_text("log_data/")
        page.set_viewport_size({"width": 390, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("link", name="The report").click()
        expect(page.locator("figure#plays_by_day")).to_be_visible()


def test_a_newer_report_is_shown_at_once_or_offered_to_who_reads(page: Page, loader: Loader) -> None:
    rest = "<!--news--><details><summary>more</summary></details>"
    script = "<!doctype html><script src='/live.js' defer></script>"
    pages = [f"{script}<p>edition {n}{rest}" for n in (1, 2, 3)]
    allowed = threading.Semaphore(1)

    def make(*_: object) -> str:
        allowed.acquire()
        return pages.pop(0)

    with LiveReport(loader.warehouse, loader.settings, make) as report, serving(report, 0) as address:

        def change() -> None:
            loader.settings.home.joinpath("profiles").mkdir(exist_ok=True)
            Path(loader.settings.home / "profiles/songs.json").write_text(f"{len(pages)}", "utf-8")
            allowed.release()

        page.goto(address)
        expect(page.get_by_text("edition 1")).to_be_visible(timeout=30_000)
        change()
        expect(page.get_by_text("edition 2")).to_be_visible(timeout=30_000)
        page.locator("summary").click()
        change()
        notice = page.get_by_role("status")
        expect(notice).to_have_text("There is a newer report. Show it", timeout=30_000)
        expect(page.get_by_text("edition 2")).to_be_visible()
        notice.get_by_role("link").click()
        expect(page.get_by_text("edition 3")).to_be_visible()
