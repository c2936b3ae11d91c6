"""What a COPY refused is asked of the views that know it, as seldom as can be, and never taken for nothing.

SYS views number a query as its user wrote it, STL views as it was rewritten, and both write after the fact:
https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_HISTORY.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sample_data.generate import write_sample
from sparkify_assets.load import stage
from sparkify_assets.load.loader import Loader
from sparkify_assets.warehouse import transaction
from sparkify_assets.warehouse.errors import WarehouseError
from tests.conftest import load_all
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader

DAYS = ("2018-11-01", "2018-11-02", "2018-11-03")


@pytest.fixture
def loading(
    ready: LoopbackCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Loader]:
    """A loader of three days with a COPY each, of which the first have one refused record each."""
    monkeypatch.setattr(transaction, "LOAD_ERRORS_SECONDS", 1.0)
    monkeypatch.setattr(stage, "SMALL_DAY_BYTES", -1)

    def make(days_with_rejects: int) -> Loader:
        write_sample(tmp_path, events=90, songs=6, days=len(DAYS), seed=7)
        source = ready.put_folder(tmp_path, "landing")
        for day in DAYS[:days_with_rejects]:
            ready.put(f"landing/log_data/2018/11/{day}-events-more.json", '{"page": "Home", "ts": "noon"}\n')
        return s3_loader(ready.warehouse(), source, ready, tmp_path)

    return make


def rejects(loader: Loader) -> list[tuple[Any, ...]]:
    with loader.warehouse.transaction(lock=False) as transaction:
        rows = transaction.records("ledger/quarantined", partition_key=None, object_key=None)
    return sorted(
        (row["partition_key"], row["position"], row["column_name"], row["raw_record"]) for row in rows
    )


def expected(days: int) -> list[tuple[Any, ...]]:
    return [(day, 1, "ts", '{"page": "Home", "ts": "noon"}') for day in DAYS[:days]]


def questions(cluster: LoopbackCluster, view: str) -> int:
    return sum(f"from {view}" in " ".join(text.split()) for text in cluster.endpoint.statements)


@pytest.mark.parametrize("days", [0, 1, 3])
def test_one_question_for_a_batch_and_none_where_nothing_was_refused(
    loading: Callable[[int], Loader], ready: LoopbackCluster, days: int
) -> None:
    loader = loading(days)
    load_all(loader)
    assert rejects(loader) == expected(days)
    assert questions(ready, "sys_load_error_detail") == bool(days)
    assert questions(ready, "stl_load_errors") == questions(ready, "sys_load_history") == 0


def test_a_question_is_for_no_more_than_one_copy_may_refuse(
    loading: Callable[[int], Loader], ready: LoopbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "MAX_ERRORS", 2)
    loader = loading(3)
    load_all(loader)
    assert rejects(loader) == expected(3)
    assert questions(ready, "sys_load_error_detail") == 2


def test_where_the_sys_view_knows_nothing_the_stl_view_is_asked(
    loading: Callable[[int], Loader], ready: LoopbackCluster
) -> None:
    ready.state.silent.add("SYS_LOAD_ERROR_DETAIL")
    loader = loading(2)
    load_all(loader)
    assert rejects(loader) == expected(2)
    assert questions(ready, "stl_load_errors") == 1


def in_other_words(notices: list[str]) -> list[str]:
    return [text.replace("could not be loaded", "were rejected") for text in notices]


def without_refused(notices: list[str]) -> list[str]:
    return [text for text in notices if "could not be loaded" not in text] + ["Analysed."]


@pytest.mark.parametrize("lag", [0, 2])
@pytest.mark.parametrize("says", [in_other_words, without_refused, lambda notices: []])
def test_a_notice_that_is_not_understood_loses_no_record(
    loading: Callable[[int], Loader],
    ready: LoopbackCluster,
    says: Callable[[list[str]], list[str]],
    lag: int,
) -> None:
    """SYS_LOAD_HISTORY counts what a COPY refused; the rows of the other view may come later."""
    loader = loading(2)
    ready.state.says, ready.state.lag = says, lag
    load_all(loader)
    assert rejects(loader) == expected(2)


def test_where_nobody_counts_nothing_is_loaded(
    loading: Callable[[int], Loader], ready: LoopbackCluster
) -> None:
    loader = loading(1)
    ready.state.says = lambda notices: []
    ready.state.silent.add("SYS_LOAD_HISTORY")
    with pytest.raises(WarehouseError, match="did not say in known words how many records it refused"):
        load_all(loader)
    with loader.warehouse.transaction(lock=False) as transaction:
        assert set(transaction.records("report/row_counts")[0].values()) == {0}


def test_large_rejects_go_into_the_ledger_in_statements_that_redshift_takes(
    ready: LoopbackCluster, tmp_path: Path
) -> None:
    """300 records of 64 kB, each byte of which is two where it is quoted; a statement has 16 MB at most."""
    record = '{"page": "Home", "ts": "noon", "note": "%s"}' % ("\\\\" * 32_700)
    key = f"log_data/2018/11/{DAYS[0]}-events.json"
    source = ready.put(f"landing/{key}", "\n".join([record] * 300)).removesuffix(f"/{key}")
    loader = s3_loader(ready.warehouse(), source, ready, tmp_path, reject_rows=1000)
    load_all(loader)
    with loader.warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(
            "select count(*), min(len(raw_record)), min(raw_record) from ledger.quarantine"
        )
        assert transaction.cursor.fetchall() == [(300, len(record), record)]
    sizes = [len(text.encode()) for text in ready.endpoint.statements if "ledger.quarantine (" in text]
    assert sum(sizes) > 32 * 2**20
    assert max(sizes) < 9 * 2**20
