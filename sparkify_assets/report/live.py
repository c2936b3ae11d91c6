"""The report that is always there: made anew once what it shows has changed, while the last one is shown.

Nothing is made before somebody looks, and nothing again while nothing has changed: whoever looks makes the ledger be
asked, in milliseconds, whether it is still in the state of the last edition. A load is seen when it is published, since
an edition is one snapshot of the warehouse.

Belongs here: when an edition is made. Does not: what is on it (`page`), who may see it (`site`).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from sparkify_assets.errors import SparkifyError
from sparkify_assets.inspection.profile import profile_path
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.report.page import report_page
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.address import on_aws
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import line
from sparkify_assets.warehouse.transaction import Transaction

#: How often the warehouse is asked at most, in seconds. On AWS a question keeps a workgroup awake, which costs.
LOCAL_SECONDS, AWS_SECONDS = 2.0, 600.0

#: How long the end waits for an edition that is being made.
END_SECONDS = 10.0


@dataclass(frozen=True)
class Edition:
    """A page, when it was made and in how many seconds, and the state of the warehouse that it shows."""

    html: str
    made_at: datetime
    seconds: float
    state: str

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return self.made_at.isoformat()


class LiveReport:
    """The latest edition, and the thread that makes the next one. `make` is how a page is made of a snapshot."""

    def __init__(
        self,
        warehouse: Warehouse,
        settings: Settings,
        make: Callable[[Transaction, Settings], str] = lambda snapshot, settings: (
            report_page(snapshot, settings, live=True).html
        ),
    ) -> None:
        self.edition: Edition | None = None
        self.trouble: str | None = None
        self.making_since: float | None = None
        self.nothing_there = False
        self.warehouse, self.settings = warehouse, settings
        self._make = make
        self._pause = AWS_SECONDS if on_aws(warehouse.url) else LOCAL_SECONDS
        self._looked_at = -self._pause
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="live report", daemon=True)

    def __enter__(self) -> LiveReport:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._wanted.set()
        self._thread.join(END_SECONDS)

    def look(self) -> None:
        """Say that somebody looks: if the last edition is not of today's state any more, the next one is made."""
        if time.monotonic() - self._looked_at >= self._pause:
            self._wanted.set()

    def told(self) -> dict[str, Any]:
        """The name of the latest edition, and in words how old it is and whether the next one is under way."""
        edition, since, trouble = self.edition, self.making_since, self.trouble
        said = [f"Made {_ago(datetime.now(UTC) - edition.made_at)}."] if edition else []
        if since is not None:
            seconds = time.monotonic() - since
            last = f"; the last one took {edition.seconds:.1f} s" if edition else ""
            said.append(f"A newer one has been in the making for {seconds:.0f} s{last}." if edition else
                        f"The report has been in the making for {seconds:.0f} s.")  # fmt: skip
        elif trouble:
            said.append(f"It could not be made anew: {trouble}.")
        elif self.nothing_there:
            said.append("Nothing is loaded yet; `sparkify load` loads what is there.")
        elif not edition:
            said.append("The report is about to be made.")
        return {"edition": edition.name if edition else "", "text": " ".join(said)}

    def renew(self) -> None:
        """Make an edition if the latest one is not of the current state. Raises WarehouseError."""
        with self.warehouse.looking() as snapshot:
            self.nothing_there = snapshot is None
            if snapshot is None:
                self.edition = None
                return
            state = self._state(snapshot)
            if self.edition and self.edition.state == state:
                return
            self.making_since, made_at = time.monotonic(), datetime.now(UTC)
            try:
                html = self._make(snapshot, self.settings)
                self.edition = Edition(html, made_at, time.monotonic() - self.making_since, state)
            finally:
                self.making_since = None

    def _work(self) -> None:
        while self._wanted.wait() and not self._ended.is_set():
            self._wanted.clear()
            self._looked_at = time.monotonic()
            try:
                self.renew()
                self.trouble = None
            except (SparkifyError, OSError, psycopg2.Error) as error:
                self.trouble = line(error)
            except Exception as error:  # noqa: BLE001 - the next look tries again, and this is told until then
                self.trouble = f"{type(error).__name__}: {line(error)}"

    def _state(self, snapshot: Transaction) -> str:
        """What an edition depends on, as one value: what is published or blocked, the profiles, the last day due."""
        due = (datetime.now(UTC) - timedelta(hours=self.settings.late_hours)).date()
        profiles = [path.stat().st_mtime_ns for dataset in DATASETS
                    if (path := profile_path(self.settings, dataset)).exists()]  # fmt: skip
        last = self.settings.last_expected or self.settings.last_day or due
        parts = [snapshot.records("ledger/current_loads"), profiles, min(due, last)]
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _ago(age: timedelta) -> str:
    """An age in words, coarse enough not to change while it is read."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute ago"
    for length, unit in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if number := minutes // length:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    raise AssertionError("unreachable")
