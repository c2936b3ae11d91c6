"""The blocks of README and docs/guides.md, typed word by word, in the order of the pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import dagster as dg
import pytest

import redshift_local
from sample_data.generate import write_sample
from tests.conftest import settings_for
from tests.unit.test_contributing import changed

ROOT = Path(__file__).parents[2]

#: What is not run here only notes its words: a fetch from the repository, targets of make, and what runs until Ctrl-C.
NOT_HERE = """
note() { echo "$*" >> "$HOME/calls"; }
git() { note git "$@"; }
make() { note make "$@"; }
sparkify() { case $1 in dev|serve) note sparkify "$@";; *) command sparkify "$@";; esac; }
"""


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def diffs_of(page: str) -> list[str]:
    return re.findall(r"^```diff\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


class Laptop:
    """Somebody's home folder, with a source in it, and a checkout."""

    def __init__(self, home: Path) -> None:
        self.home, self.checkout = home, home / "checkout"
        self.checkout.mkdir()
        (self.checkout / ".venv").symlink_to(Path(sys.executable).parents[1])
        write_sample(home / "my-data", events=300, songs=10, days=3, seed=3)

    def type(self, block: str) -> subprocess.CompletedProcess[str]:
        return self._run(["bash", "-euo", "pipefail", "-c", f"{NOT_HERE}\n{block}"])

    def python(self, block: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-c", block])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        chosen = {"SPARKIFY_HOME": str(self.home / "sparkify"), "SPARKIFY_SOURCE": str(self.home / "my-data")}
        path = f"{self.checkout}/.venv/bin:{os.environ['PATH']}"
        return subprocess.run(
            command,
            cwd=self.checkout,
            env={"HOME": str(self.home), "PATH": path, "SPARKIFY_FIRST_DAY": "2018-11-01", **chosen},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    made = Laptop(tmp_path_factory.mktemp("laptop"))
    yield made
    for folder in made.home.glob("sparkify*/warehouse"):
        redshift_local.stop(folder)


def test_each_block_does_what_its_page_says(laptop: Laptop) -> None:
    ended_with: dict[str, str] = {}
    for page in ("README.md", "docs/guides.md"):
        for language, block in re.findall(
            r"^```(sh|python)\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL
        ):
            if language == "sh" or "import Sparkify" in block:
                done = laptop.type(block) if language == "sh" else laptop.python(block)
                assert done.returncode == 0, block + done.stdout + done.stderr
                ended_with[block.splitlines()[-1]] = done.stdout
    assert not (laptop.home / "sparkify").exists()  # uninstalled
    assert (laptop.home / "sparkify-before").exists()
    assert "agree" in ended_with["sparkify reconcile --deep"]
    assert "log_data/" in next(text for line, text in ended_with.items() if line.startswith("print("))
    calls = (laptop.home / "calls").read_text("utf-8").splitlines()
    assert {"make demo", "make dev", "sparkify dev", "sparkify serve", "git pull", "make setup"} <= {*calls}


def test_a_changed_schedule_and_an_alert_of_ones_own_are_in_the_definitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ROOT / "sparkify_assets/defs/schedules.py"
    text = path.read_text("utf-8")
    for diff in diffs_of("docs/guides.md"):
        text = changed(text, diff, str(path))
    (alert,) = re.findall(
        r"^```python\n(import dagster.*?)^```", read("docs/guides.md"), re.MULTILINE | re.DOTALL
    )
    slow_loads, schedules = ModuleType("slow_loads"), ModuleType("schedules")
    exec(compile(alert, "slow_loads.py", "exec"), vars(slow_loads))
    monkeypatch.setitem(sys.modules, "sparkify_assets.defs.slow_loads", slow_loads)
    exec(compile(text, "schedules.py", "exec"), vars(schedules))
    job = dg.define_asset_job("load", selection=dg.AssetSelection.all())
    made = schedules.automation_defs(settings_for(tmp_path, tmp_path), job)
    crons = {schedule.name: schedule.cron_schedule for schedule in made.schedules}
    assert crons["daily_freshness"] == "0 12 * * *"
    assert "slow_load_alert" in [sensor.name for sensor in made.sensors]

    @dg.job
    def any_job() -> None: ...

    sent: list[str] = []
    monkeypatch.setattr(slow_loads, "send", lambda _, text: sent.append(text))
    sensor = slow_loads.slow_load_alert(settings_for(tmp_path, tmp_path, alert_webhook="http://127.0.0.1:9"))
    with dg.DagsterInstance.ephemeral() as instance:
        result = any_job.execute_in_process(instance=instance)
        for minutes in (29, 47):
            record = SimpleNamespace(start_time=0.5, end_time=0.5 + 60 * minutes)
            monkeypatch.setattr(instance, "get_run_record_by_id", lambda _, record=record: record)
            context = dg.build_run_status_sensor_context(
                sensor_name="slow_load_alert",
                dagster_event=result.get_run_success_event(),
                dagster_instance=instance,
                dagster_run=result.dagster_run,
            )
            sensor(context)
    assert sent == ["Sparkify: a load took 47 minutes."]
