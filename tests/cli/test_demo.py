"""`sparkify sample`, and which data `sparkify demo` loads. What that prints is shown in README."""

from __future__ import annotations

from pathlib import Path

import redshift_local
from sample_data.generate import write_sample
from sparkify_assets.cli.demo import apart
from sparkify_assets.settings import Settings
from tests.command_line import Run


def test_a_sample_goes_into_no_folder_with_something_in_it(sparkify: Run, tmp_path: Path) -> None:
    write_sample(tmp_path / "there", events=10, songs=1, days=1, seed=1)
    again = sparkify("sample", str(tmp_path / "there"))
    assert again.code == 1
    assert "not empty" in again.err
    assert "Traceback" not in again.err


def test_a_demonstration_leaves_what_is_somebodys_own_alone(tmp_path: Path) -> None:
    assert apart({"SPARKIFY_HOME": str(tmp_path), "SPARKIFY_MAX_DROP": "0.1"}) == {}
    for own in (
        {"SPARKIFY_SOURCE": "s3://theirs"},
        {"SPARKIFY_WAREHOUSE": "redshift://theirs/dev?region=us-west-2"},
    ):
        theirs = {"SPARKIFY_HOME": str(tmp_path), "SPARKIFY_LAST_DAY": "2020-01-01", **own}
        chosen = Settings.from_environment({**theirs, **apart(theirs)})
        assert chosen.home == tmp_path / "demo"
        assert chosen.source == (tmp_path / "demo/sample").as_uri()
        assert (chosen.warehouse, chosen.last_day) == ("embedded", None)
        assert chosen.work == (tmp_path / "demo/work").as_uri()


def test_its_server_is_stopped_with_everything_of_the_state_directory(sparkify: Run, tmp_path: Path) -> None:
    """As after Ctrl-C in a demonstration beside a source of somebody's own."""
    left = tmp_path / "home/demo/warehouse"
    left.parent.mkdir(parents=True)
    redshift_local.ensure(left, "sparkify")
    assert "The warehouse of the demonstration is stopped." in sparkify("stop").out
    assert not list(left.rglob("postmaster.pid"))
    assert "demonstration" not in sparkify("stop").out
