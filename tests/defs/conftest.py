"""Dagster's automation, evaluated without its daemon."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from sparkify_assets.definitions import build_defs
from sparkify_assets.report.questions import QUESTIONS
from tests.conftest import settings_for

NAMES = {question.name for question in QUESTIONS}
#: Many days before the latest one that there is: the settings' days reach from 2018-01-01 until today.
OLD_DAY = "2018-11-12"


class Automation:
    """Dagster's automation, evaluated tick by tick on an instance of its own."""

    def __init__(self, home: Path) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        settings = settings_for(home, home)
        self.defs = build_defs(settings)
        self.cursor: AssetDaemonCursor | None = None

    def tick(self, among: set[str] = NAMES, at: datetime | None = None) -> set[str]:
        """Those of some assets that would be made now."""
        result = dg.evaluate_automation_conditions(
            self.defs, self.instance, cursor=self.cursor, evaluation_time=at
        )
        self.cursor = result.cursor
        return {
            one.key.to_user_string()
            for one in result.results
            if one.true_subset.size and one.key.to_user_string() in among
        }

    def made(self, asset: str, partition: str | None = None) -> None:
        self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=partition))


@pytest.fixture
def automation(tmp_path: Path) -> Automation:
    """One that watches already."""
    automation = Automation(tmp_path)
    automation.tick(at=datetime(2030, 3, 1, tzinfo=UTC))
    return automation
