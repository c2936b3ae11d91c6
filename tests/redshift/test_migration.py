"""Tables are brought over on Redshift as on the local one: the same differences, the same steps, what cannot run in a
transaction outside of any, readers' rights as they were.
"""

from __future__ import annotations

from pathlib import Path

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.load.migration import Migrator
from tests.conftest import load_all
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader


def test_tables_are_brought_over(ready: LoopbackCluster, tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", events=60, songs=4, days=2, seed=7)
    source = ready.put_folder(tmp_path / "sample", "landing")
    loader = s3_loader(ready.warehouse(), source, ready, tmp_path)
    load_all(loader)
    migrator = Migrator(loader.publisher)
    assert migrator.plan().differences == []
    before = digest(loader.warehouse)
    with loader.warehouse.transaction(lock=False) as transaction:
        for statement in (
            "alter table staging.events drop column auth",
            "drop table sparkify.time",
            "drop table sparkify.users",
            "create table sparkify.users (user_id bigint, level varchar(2)) diststyle even",
            "drop table ledger.warnings",
            "create table ledger.warnings (batch_id varchar(8) not null, dataset varchar(16) not null, partition_key"
            " varchar(16) not null, check_name varchar(64) not null, violations bigint not null, sample varchar(8192)"
            " not null) diststyle all sortkey (dataset, partition_key)",
        ):
            transaction.cursor.execute(statement)
    ready.endpoint.statements.clear()

    plan = migrator.plan()
    migrator.carry_out(plan)
    assert [(step.table, step.does.partition(":")[0]) for step in plan.steps] == [
        ("sparkify.time", "create"),
        ("ledger.warnings", "make column batch_id wider, from varchar(8) to varchar(64)"),
        ("sparkify.users", "make anew"),
        ("staging.events", "add column auth varchar(64)"),
    ]
    assert plan.left == []
    sent = [statement for statement in ready.endpoint.statements if not statement.startswith("set ")]
    [wider] = [place for place, statement in enumerate(sent) if "alter column batch_id type" in statement]
    assert sent[:wider].count("BEGIN") == sent[:wider].count("COMMIT"), "outside of any transaction"
    assert sent[wider + 1 :].count("BEGIN") == sent[wider + 1 :].count("COMMIT") == 1, "the rest in one"

    load_all(loader, reload=True)
    assert reconcile(loader, deep=True) == []
    assert digest(loader.warehouse) == before
    assert not migrator.plan().changes_warehouse
    with loader.warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(
            "select c.relacl from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
            " where n.nspname = 'sparkify' and c.relname in ('users', 'time', 'songs')"
        )
        rights = transaction.cursor.fetchall()
    assert len(rights) == 3
    assert all("sparkify_reader=r" in str(right) for right in rights)
