"""Where a command finds its settings and its state directory, and that a question makes none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sparkify_assets.cli.environment import complete_environment, folder_of_settings
from tests.command_line import Run, one_line


def test_the_settings_of_a_checkout_hold_in_its_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "checkout/docs/deep"
    here.mkdir(parents=True)
    assert folder_of_settings(here) == here, "outside of a checkout nothing above is looked at"
    (tmp_path / ".env").write_text("")
    (tmp_path / "checkout/.git").mkdir()
    assert folder_of_settings(here) == here, "nor above the top of one"
    (tmp_path / "checkout/.env").write_text(
        "SPARKIFY_SOURCE=data\nSPARKIFY_WORK=s3://bucket/work\nSPARKIFY_MAX_DROP=0.1\nSPARKIFY_LATE_HOURS=3\n"
    )
    monkeypatch.chdir(here)
    with monkeypatch.context() as patch:
        environment = {"SPARKIFY_LATE_HOURS": "9"}
        patch.setattr(os, "environ", environment)
        complete_environment()
    assert environment == {
        "SPARKIFY_SOURCE": str(tmp_path / "checkout/data"),
        "SPARKIFY_WORK": "s3://bucket/work",
        "SPARKIFY_MAX_DROP": "0.1",
        "SPARKIFY_LATE_HOURS": "9",
        "SPARKIFY_HOME": str(tmp_path / "checkout/.sparkify"),
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "select 1"),
        ("psql",),
        ("rejects",),
        ("why", "818-5"),
        ("digest",),
        ("reconcile",),
        ("report",),
    ],
)
def test_a_question_makes_no_state_directory(
    sparkify: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    told = one_line(sparkify(*arguments, WAREHOUSE="embedded"))
    assert told.endswith(
        f"there is no {tmp_path / 'home'}; `sparkify load` makes it, and SPARKIFY_HOME names another"
    )
    assert not (tmp_path / "home").exists()
