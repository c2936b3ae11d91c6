"""Makes the pictures of docs/screenshots from a running page.

    make demo; .venv/bin/sparkify report; make dev  # in another terminal
    .venv/bin/python docs/make_screenshots.py

For the check that failed it spoils a file of the sample, waits until the page has tried to load it, and puts it back.
Needs Debian's chromium, and playwright of the test packages (`make test` installs them).
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

FOLDER = Path(__file__).parent / "screenshots"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
OPENED, CLOSED = ("staging", "sparkify"), ("landing", "analytics", "profile", "infrastructure")
WINDOW: ViewportSize = {"width": 1440, "height": 900}
DAY = "2018-11-12"
SPOILED = "2018-11-14"


def graph(page: Page, address: str) -> None:
    """All groups, those of the tables opened: the drawing alone, in a window large enough for details."""
    page.set_viewport_size({"width": 2600, "height": 2200})
    page.goto(f"{address}/asset-groups")
    nodes = page.locator("foreignObject")
    for group in OPENED:
        nodes.get_by_text(group, exact=True).first.click()
        page.wait_for_timeout(1000)  # the others move
    page.reload()  # opened groups stay open, and the view is fitted to them
    for name in ("songplays", *CLOSED):
        expect(nodes.get_by_text(name, exact=True).first).to_be_visible()
    expect(nodes.get_by_text("Loading")).to_have_count(0, timeout=30_000)
    page.wait_for_timeout(2000)
    boxes = [box for node in nodes.all() if (box := node.bounding_box())]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right = max(box["x"] + box["width"] for box in boxes)
    bottom = max(box["y"] + box["height"] for box in boxes)
    page.screenshot(
        path=FOLDER / "graph.png",
        clip={"x": left - 20, "y": top - 20, "width": right - left + 40, "height": bottom - top + 40},
    )
    page.set_viewport_size(WINDOW)


def day(page: Page, address: str) -> None:
    """A day of a table: when it was made, by which run, with how many rows."""
    page.goto(f"{address}/assets/songplays?view=partitions&partition={DAY}")
    expect(page.get_by_role("row").filter(has_text="dagster/partition_row_count")).to_be_visible()


def checks(page: Page, address: str) -> None:
    """The checks of a table, and of the one that blocked a day the rows."""
    page.goto(f"{address}/assets/staging_events?view=checks&checkDetail=events_reject_share")
    expect(page.get_by_role("row").filter(has_text=SPOILED).last).to_be_visible(timeout=120_000)


@contextmanager
def spoiled(home: Path) -> Iterator[None]:
    """Meanwhile half of a day's records are cut; `make dev` sees that, and blocks the day."""
    (path,) = (home / "sample" / "log_data").rglob(f"{SPOILED}-events.json")
    good = path.read_bytes()
    path.write_bytes(good + b'{"cut": \n' * good.count(b"\n"))
    try:
        yield
    finally:
        path.write_bytes(good)


def report(page: Page, file: Path) -> None:
    """The head of the report, as it opens on a desk."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(file.absolute().as_uri())
    page.wait_for_timeout(1000)
    page.screenshot(path=FOLDER / "report.png")
    page.set_viewport_size(WINDOW)


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:3000")
    parser.add_argument("--home", type=Path, default=Path(".sparkify"))
    choice = parser.parse_args()
    address = choice.address.rstrip("/")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=FLAGS.split(),
            viewport=WINDOW,
        )
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button").filter(has_text=re.compile("Hide navigation")).click()
        graph(page, address)
        with spoiled(choice.home):
            for picture in (day, checks):
                picture(page, address)
                page.wait_for_timeout(1500)
                page.screenshot(path=FOLDER / f"{picture.__name__}.png")
        report(page, choice.home / "report.html")
        context.close()


if __name__ == "__main__":
    main()
