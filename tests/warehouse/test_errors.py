"""What errors of the warehouse mean: which work is worth a retry, and which errors are a defect of the program."""

from __future__ import annotations

import psycopg2
import psycopg2.errors
import pytest

from sparkify_assets.warehouse.errors import (
    WarehouseError,
    is_conflict,
    is_foreseen,
    is_foreseen_by_name,
    is_retryable,
)


@pytest.mark.parametrize(
    ("error", "conflict", "transient"),
    [
        (psycopg2.errors.SerializationFailure("x"), True, True),
        (psycopg2.errors.DeadlockDetected("x"), True, True),
        # Redshift's own words: docs, c_serial_isolation
        (psycopg2.InternalError("1023 DETAIL: Serializable isolation violation on table"), True, True),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), False, True),
        (psycopg2.InterfaceError("connection already closed"), False, True),
        (psycopg2.errors.QueryCanceled("statement timeout"), False, False),
        (psycopg2.errors.DiskFull("no space"), False, False),
        (psycopg2.errors.UndefinedTable("no table"), False, False),
        (ValueError("1023"), False, False),
    ],
)
def test_what_may_be_tried_again(error: Exception, conflict: bool, transient: bool) -> None:
    assert is_conflict(error) is conflict
    assert is_retryable(error) is transient


def test_a_fault_of_our_own_sql_is_not_the_user_s() -> None:
    ours = psycopg2.errors.UndefinedColumn('column "nope" does not exist')
    lost = psycopg2.OperationalError("server closed the connection unexpectedly")
    assert not is_foreseen(ours)
    assert is_foreseen(lost)
    assert is_foreseen(WarehouseError("warehouse redshift://here: could not connect"))
    for error, foreseen in ((ours, False), (lost, True)):
        name = f"{type(error).__module__}.{type(error).__name__}"
        assert is_foreseen_by_name(name, str(error)) is foreseen
    assert is_foreseen_by_name("sparkify_assets.source.store.SourceError", "s3://bucket: SlowDown")
    assert not is_foreseen_by_name("builtins.KeyError", "'position'")
