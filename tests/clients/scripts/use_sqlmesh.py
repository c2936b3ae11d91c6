"""SQLMesh: a small project planned and run twice, with its state in DuckDB and then in the warehouse itself."""

import shutil
import tempfile
from pathlib import Path

from sqlmesh import Context
from sqlmesh.core.config import Config, DuckDBConnectionConfig, GatewayConfig, ModelDefaultsConfig
from sqlmesh.core.config.connection import RedshiftConnectionConfig
from steps import LOGIN, SCHEMA, same, step

folder = Path(tempfile.mkdtemp())
shutil.copytree(Path(__file__).parent / "sqlmesh_project", folder, dirs_exist_ok=True)
warehouse = RedshiftConnectionConfig(**LOGIN, concurrent_tasks=2)


def context(state: object) -> Context:
    gateway = GatewayConfig(connection=warehouse, state_connection=state, state_schema=f"{SCHEMA}_state")
    return Context(
        paths=folder,
        config=Config(gateways={"": gateway}, model_defaults=ModelDefaultsConfig(dialect="redshift")),
    )


with step("connect"):
    made = context(DuckDBConnectionConfig(database=str(folder / "state.db")))
    same(tuple(made.engine_adapter.fetchone("select 41 + 1")), (42,))

with step("plan"):
    made.plan(auto_apply=True, no_prompts=True)

with step("read"):
    same(sorted(made.fetchdf("select id from clients.plays")["id"]), [1, 2, 3])
    same(tuple(made.engine_adapter.fetchone("select count(*) from clients.seen")), (3,))
    same(tuple(made.engine_adapter.fetchone("select sum(plays) from clients.daily")), (3,))

with step("run again"):
    made.plan("dev", auto_apply=True, no_prompts=True, include_unmodified=True)
    made.run(ignore_cron=True)

with step("audit"):
    same(made.audit("2018-11-01", "2018-11-03"), True)

with step("reflect"):
    same(list(made.engine_adapter.columns("clients.plays")), ["id", "song", "played_at"])

with step("state in the warehouse"):
    context(None).plan("other", auto_apply=True, no_prompts=True)
shutil.rmtree(folder)
