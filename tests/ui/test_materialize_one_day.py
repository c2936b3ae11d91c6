"""The page in a real browser: the one path that everybody clicks. The others are asked by GraphQL in tests/live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect, sync_playwright
from playwright.sync_api import Page as Tab

from sparkify_assets.checks import CHECKS
from sparkify_assets.tables import ASSETS
from tests.conftest import require_tool
from tests.dev import Dev, records_of

pytestmark = pytest.mark.ui

DAY = "2018-11-13"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium without a window, and with nothing that it knew before."""
    chromium = require_tool("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            headless=True,
            args=FLAGS.split(),
            viewport={"width": 1600, "height": 1000},
        )
        context.set_default_timeout(30_000)
        yield context
        context.close()


def button(tab: Tab, label: str) -> Locator:
    """A button by how its label begins: its accessible name has that of its icon, too."""
    return tab.get_by_role("button").filter(has_text=re.compile(rf"^\s*{label}")).first


def test_one_day_is_materialized_by_clicks_and_shows_its_rows_and_checks(
    browser: BrowserContext, dev: Dev
) -> None:
    dev.page.run(dev.page.launch_run(ASSETS["songs"]))  # else the page asks whether that was forgotten
    tab = browser.new_page()
    tab.goto(f"{dev.page.address}/assets/songplays")
    button(tab, "Materialize").click()
    # Its table is published with three others, in one transaction; the page says which.
    expect(tab.get_by_text("Additional assets will be materialized")).to_be_visible()
    button(tab, "Confirm").click()
    tab.get_by_placeholder("ex: 2018-11-01").fill(DAY)
    tab.keyboard.press("Enter")
    button(tab, "Launch 1 run").click()
    expect(tab.get_by_text("Launched run")).to_be_visible()
    tab.get_by_role("link", name="View", exact=True).click()
    expect(tab.get_by_text("Success", exact=True).first).to_be_visible(timeout=90_000)

    tab.goto(f"{dev.page.address}/assets/songplays?view=partitions&partition={DAY}")
    plays = sum(record["page"] == "NextSong" for record in records_of(dev.source, DAY))
    expect(tab.get_by_text("Materialized", exact=True).last).to_be_visible()
    row = tab.get_by_role("row").filter(has_text="dagster/partition_row_count")
    expect(row).to_contain_text(str(plays))

    tab.goto(f"{dev.page.address}/assets/songplays?view=checks")
    for check in CHECKS:
        if check.asset == "songplays" and check.blocks:
            entry = tab.locator("span", has=tab.get_by_title(check.name, exact=True)).last
            expect(entry).to_contain_text("Succeeded")
