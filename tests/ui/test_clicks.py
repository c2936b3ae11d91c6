"""The page in a real browser: what README.md says to click. What lies behind it is asked by GraphQL in tests/live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import BrowserContext, Locator, expect, sync_playwright
from playwright.sync_api import Page as Tab

from sparkify_assets.model import queries
from sparkify_assets.model.checks import CHECKS
from sparkify_assets.model.tables import ASSETS
from tests.conftest import require_tool
from tests.dev import Dev, records_of
from tests.page import until

pytestmark = pytest.mark.ui

DAY = "2018-11-13"
TEN_DAYS = "[2018-11-14...2018-11-23]"
SPOILED = "2018-11-20"  # of the ten, and not the last
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium without a window, and with nothing that it knew before."""
    chromium = require_tool("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=chromium,
            headless=True,
            args=FLAGS.split(),
            viewport={"width": 1600, "height": 1000},
        )
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield context
        context.close()


@pytest.fixture
def tab(browser: BrowserContext) -> Iterator[Tab]:
    tab = browser.new_page()
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def songs(dev: Dev) -> None:
    """Songs are there; else the page asks whether they were forgotten."""
    dev.page.run(dev.page.launch_run(ASSETS["songs"]))


def button(tab: Tab, label: str) -> Locator:
    """A button by how its label begins: its accessible name has that of its icon, too."""
    return tab.get_by_role("button").filter(has_text=re.compile(rf"^\s*{label}")).first


def choose_days(tab: Tab, dev: Dev, days: str) -> None:
    """From a table's page to the days that are to be loaded."""
    tab.goto(f"{dev.page.address}/assets/songplays")
    button(tab, "Materialize").click()
    # Its table is published with three others, in one transaction; the page says which.
    expect(tab.get_by_text("Additional assets will be materialized")).to_be_visible()
    button(tab, "Confirm").click()
    # As it closes, the dialog gives the focus back to "Materialize", which a key would press once more.
    expect(tab.get_by_text("Additional assets will be materialized")).to_have_count(0)
    partitions = tab.get_by_placeholder("ex: 2018-11-01")
    partitions.fill(days)
    partitions.press("Enter")


def load_day(tab: Tab, dev: Dev, day: str, outcome: str) -> None:
    choose_days(tab, dev, day)
    button(tab, "Launch 1 run").click()
    expect(tab.get_by_text("Launched run")).to_be_visible()
    tab.get_by_role("link", name="View", exact=True).click()
    expect(tab.get_by_text(outcome, exact=True).first).to_be_visible(timeout=90_000)


def check(tab: Tab, name: str) -> Locator:
    """A check's entry in the list of its table's checks."""
    return tab.locator("span", has=tab.get_by_title(name, exact=True)).last


@pytest.fixture(scope="module")
def ten_days(browser: BrowserContext, dev: Dev, songs: None) -> str:
    """The backfill of ten days, launched by clicks. Dagster looks at backfills every 30 seconds; the other tests run
    meanwhile.
    """
    tab = browser.new_page()
    choose_days(tab, dev, TEN_DAYS)
    expect(tab.get_by_text("10 partitions")).to_be_visible()
    button(tab, "Launch backfill").click()
    said = tab.get_by_text("Created backfill").locator("..")
    expect(said).to_be_visible()
    backfill = re.search(r"Created backfill\s*(\w{8})", said.inner_text())
    tab.close()
    assert backfill
    return backfill[1]


@pytest.mark.usefixtures("ten_days")
def test_one_day_is_materialized_and_shows_its_rows_and_checks(tab: Tab, dev: Dev) -> None:
    load_day(tab, dev, DAY, "Success")

    tab.goto(f"{dev.page.address}/assets/songplays?view=partitions&partition={DAY}")
    plays = sum(record["page"] == "NextSong" for record in records_of(dev.source, DAY))
    expect(tab.get_by_text("Materialized", exact=True).last).to_be_visible()
    row = tab.get_by_role("row").filter(has_text="dagster/partition_row_count")
    expect(row).to_contain_text(str(plays))

    tab.goto(f"{dev.page.address}/assets/songplays?view=checks")
    for one in CHECKS:
        if one.asset == "songplays" and queries.read(one.file).startswith("-- block"):
            expect(check(tab, one.name)).to_contain_text("Succeeded")


@pytest.mark.usefixtures("ten_days")
def test_a_sensor_is_switched_on_and_off(tab: Tab, dev: Dev) -> None:
    tab.goto(f"{dev.page.address}/automation")
    tab.get_by_text("songs_arrivals", exact=True).click()
    switch = tab.locator("label", has=tab.get_by_role("checkbox"))
    for on in (True, False):
        switch.click()
        expect(switch.get_by_role("checkbox")).to_be_checked(checked=on)
        state = "RUNNING" if on else "STOPPED"
        until(partial(dev.page.sensor_is, "songs_arrivals", state), 60, f"the sensor is not {state}")


@pytest.mark.usefixtures("ten_days")
def test_plan_infrastructure_is_launched_and_ends_with_one_clear_line(tab: Tab, dev: Dev) -> None:
    """Of an environment that there is not, so that nothing is asked of AWS, whoever may be logged in here."""
    require_tool("terraform")
    tab.goto(f"{dev.page.address}/jobs")
    tab.get_by_text("plan_infrastructure", exact=True).click()
    tab.get_by_text("Launchpad", exact=True).click()
    configuration = tab.locator(".CodeMirror")
    expect(configuration).to_contain_text("environment: dev")
    configuration.click()
    tab.keyboard.press("ControlOrMeta+a")
    tab.keyboard.type("environment: production")
    button(tab, "Launch Run").click()
    expect(tab.get_by_text("Failure", exact=True).first).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("there is no environment 'production'").first).to_be_visible()


def test_ten_days_are_one_run(tab: Tab, dev: Dev, ten_days: str) -> None:
    (run,) = dev.page.runs_of_backfill(ten_days, number=1)
    assert run.status == "SUCCESS", run.failures
    assert run.partitions("songplays") == [f"2018-11-{day}" for day in range(14, 24)]
    dev.page.completed(ten_days)
    tab.goto(f"{dev.page.address}/runs/b/{ten_days}")
    expect(tab.get_by_text("100% completed")).to_have_count(len(ASSETS["events"]))


def test_a_blocked_day_shows_the_check_that_failed_with_its_rows(tab: Tab, dev: Dev, ten_days: str) -> None:
    """A day that was loaded, and others after it: the page shows no check that is not of the latest materialization."""
    dev.page.runs_of_backfill(ten_days, number=1)
    (path,) = (dev.source / "log_data").rglob(f"{SPOILED}-events.json")
    good = path.read_text("utf-8")
    lines = good.splitlines()
    path.write_text("".join(f"{line}\n" for line in [*lines, *['{"cut": '] * len(lines)]), "utf-8")
    try:
        load_day(tab, dev, SPOILED, "Failure")
    finally:
        path.write_text(good, "utf-8")
    expect(tab.get_by_text(f"blocked: {SPOILED} by events_reject_share").first).to_be_visible()

    tab.goto(f"{dev.page.address}/assets/staging_events?view=checks&checkDetail=events_reject_share")
    expect(check(tab, "events_reject_share")).to_contain_text("Failed")
    row = tab.get_by_role("row").filter(has_text=SPOILED).last
    expect(row).to_contain_text(str(2 * len(lines)))
