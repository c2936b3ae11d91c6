"""dbt-redshift: a small project of its own, with what most projects have."""

import os
import shutil
import tempfile
from pathlib import Path

from dbt.cli.main import dbtRunner
from steps import PASTES, same, step

work = Path(tempfile.mkdtemp())
shutil.copytree(Path(__file__).parent / "dbt_project", work, dirs_exist_ok=True)
os.chdir(work)


def dbt(*words: str) -> object:
    """What dbt's command returns; its failures as one error."""
    outcome = dbtRunner().invoke([*words, "--quiet", "--profiles-dir", str(work)])
    if not outcome.success:
        results = getattr(outcome.result, "results", [])
        failed = [f"{one.node.name}: {one.message}" for one in results if one.status in ("error", "fail")]
        raise RuntimeError("; ".join(failed) or str(outcome.exception or outcome.result))
    return outcome.result


with step("debug"):
    dbt("debug")
with step("paste"):
    pasted = Path(tempfile.mkdtemp())
    (pasted / "profiles.yml").write_text(PASTES["dbt"])
    [profile] = [line.rstrip(":") for line in PASTES["dbt"].splitlines() if line[0] not in "# "]
    outcome = dbtRunner().invoke(["debug", "--quiet", "--profile", profile, "--profiles-dir", str(pasted)])
    same(outcome.success, True)
with step("seed"):
    dbt("seed")
with step("table"):
    dbt("run", "--select", "plays")
with step("view"):
    dbt("run", "--select", "days")
with step("late-binding view"):
    dbt("run", "--select", "late_days")
with step("incremental"):
    dbt("run", "--select", "history")
    dbt("run", "--select", "history")
with step("merge"):
    dbt("run", "--select", "merged")
    dbt("run", "--select", "merged")
with step("materialized view"):
    dbt("run", "--select", "kept")
    dbt("run", "--select", "kept")
with step("snapshot"):
    dbt("snapshot")
    seed = work / "seeds" / "raw_plays.csv"
    seed.write_text(seed.read_text().replace("Blue Orchid", "Setanta matins"))
    dbt("seed")
    dbt("snapshot")
with step("test"):
    dbt("test")
with step("run again"):
    dbt("run")
with step("docs"):
    catalog = dbt("docs", "generate")
    same(
        {"plays", "days", "late_days", "songs", "raw_plays"} <= {key.split(".")[-1] for key in catalog.nodes},
        True,
    )
    plays = catalog.nodes["model.clients.plays"]
    same([column.type for column in plays.columns.values()][:2], ["integer", "character varying(100)"])
with step("show"):
    dbt("show", "--select", "history", "--limit", "2")
shutil.rmtree(work)
