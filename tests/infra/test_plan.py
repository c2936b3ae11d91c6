"""Reading plans: what changes, what is dangerous, what only looks like a change. Documents as Terraform writes
them (https://developer.hashicorp.com/terraform/internals/json-format#plan-representation).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sparkify_assets.infra.plan import read_plan

CLUSTER = "module.warehouse.aws_redshift_cluster.this"


def change(address: str, *actions: str, before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "address": address,
        "type": address.split(".")[-2],
        "change": {"actions": list(actions), "before": before, "after": after, **more},
    }


def plan(*changes: dict[str, Any], **more: Any) -> Any:
    resources = [{**change, **more} for change in changes]
    return read_plan(json.dumps({"applyable": bool(changes), "resource_changes": resources}))


def test_counts_by_action() -> None:
    found = plan(
        change("aws_vpc.a", "create"),
        change("aws_vpc.b", "create"),
        change("aws_vpc.c", "no-op"),
        change("data.x.aws_region.d", "read"),
        change("aws_vpc.e", "delete"),
        change("aws_vpc.f", "delete", "create"),
    )
    assert found.summary == "2 to add, 1 to replace, 1 to destroy"


def test_nothing_to_do() -> None:
    assert plan().summary == "no changes"
    assert read_plan('{"applyable": true}').summary == "only outputs or addresses change"


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
@pytest.mark.parametrize(
    "kind", ["aws_redshift_cluster", "aws_redshiftserverless_namespace", "aws_s3_bucket", "aws_kms_key"]
)
def test_what_holds_data_is_not_lost_by_the_way(kind: str, actions: tuple[str, ...]) -> None:
    found = plan(change(f"module.m.{kind}.this", *actions), change("module.m.aws_security_group.x", *actions))
    assert [c.address for c in found.refused([])] == [f"module.m.{kind}.this"]
    assert found.refused([f"module.m.{kind}.this"]) == []


def test_changing_in_place_is_not_dangerous() -> None:
    assert (
        plan(change(CLUSTER, "update", before={"node_count": 1}, after={"node_count": 2})).refused([]) == []
    )


def test_a_sensitive_value_is_never_shown() -> None:
    found = plan(
        change(
            "aws_x.y",
            "update",
            before={"password": "old-secret", "rule": {"key": "inner-secret"}, "size": 1},
            after={"password": "new-secret", "rule": {"key": "other-secret"}, "size": 2},
            before_sensitive={"password": True, "rule": {"key": True}},
            after_sensitive={"password": True},
        )
    )
    for text in (found.text(), found.markdown()):
        assert "size: 1 → 2" in text
        assert "password: (sensitive) → (sensitive)" in text
        assert "secret" not in text.replace("sensitive", "")


def test_what_forces_a_replacement_comes_first_and_is_marked() -> None:
    found = plan(
        change(
            CLUSTER,
            "delete",
            "create",
            before={"arn": "a", "kms_key_id": "k1", "database_name": "x"},
            after={"kms_key_id": "k1", "database_name": "y"},
            after_unknown={"arn": True},
            replace_paths=[["database_name"]],
        )
    )
    assert list(map(str, found.changes[0].differences)) == ['database_name: "x" → "y" (forces replacement)']


def test_what_an_interrupted_run_began_is_told_from_what_is_to_be_replaced() -> None:
    key, cluster = "module.landing.aws_kms_key.this", CLUSTER
    found = plan(
        change(key, "delete", "create", before={"arn": "a"}, after_unknown={"arn": True}),
        change(cluster, "delete", "create", before={"port": 1}, after={"port": 2}, replace_paths=[["port"]]),
        change("module.network.aws_vpc.this", "delete", "create"),
        action_reason="replace_because_tainted",
    )
    found_cluster = plan(
        change(cluster, "delete", "create", before={"port": 1}, after={"port": 2}, replace_paths=[["port"]])
    )
    assert [c.address for c in found.begun([])] == [key, cluster]
    assert [c.address for c in found.begun([cluster])] == [key], "where the replacement is meant, it stays"
    assert found_cluster.begun([]) == []
    assert f"replace  {key}\n           tainted: its creation was interrupted" in found.text()


def test_a_paused_cluster_seems_to_have_another_type_and_has_not() -> None:
    found = plan(
        change(
            CLUSTER, "update", before={"cluster_type": "single-node"}, after={"cluster_type": "multi-node"}
        ),
        change("aws_redshift_usage_limit.x", "create"),
    ).as_of_paused()
    assert found.text() == "add      aws_redshift_usage_limit.x"


def test_a_paused_cluster_may_have_drifted_all_the_same() -> None:
    found = plan(
        change(
            CLUSTER,
            "update",
            before={"cluster_type": "single-node", "publicly_accessible": True},
            after={"cluster_type": "multi-node", "publicly_accessible": False},
        )
    ).as_of_paused()
    assert [str(d) for d in found.changes[0].differences] == ["publicly_accessible: true → false"]


def test_long_values_are_cut_and_tables_hold() -> None:
    found = plan(change("aws_x.y", "update", before={"policy": "a|b"}, after={"policy": "c" * 500}))
    [row] = [line for line in found.markdown().splitlines() if "aws_x.y" in line]
    assert row.count("|") - row.count("\\|") == 4
    assert len(row) < 300
