"""What a Terraform plan would do, read from `terraform show -json`
(https://developer.hashicorp.com/terraform/internals/json-format). These are pure functions: nothing runs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

Action = Literal["import", "add", "change", "replace", "destroy", "forget"]

_ACTIONS: dict[tuple[str, ...], Action] = {
    ("create",): "add",
    ("update",): "change",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("delete",): "destroy",
    ("forget",): "forget",
}

#: What must not be replaced or deleted in passing: it holds data, or the key without which data cannot be read.
PROTECTED = frozenset(
    {
        "aws_redshift_cluster",
        "aws_redshiftserverless_namespace",
        "aws_db_instance",
        "aws_s3_bucket",
        "aws_kms_key",
    }
)

#: What the provider gets wrong while a cluster is paused: the cluster has no nodes then and seems to be of another type
#: (https://github.com/hashicorp/terraform-provider-aws/issues/20944).
PAUSED_ATTRIBUTES = frozenset({"cluster_type", "number_of_nodes"})

#: How many characters of a value a diff shows.
MAX_CHARACTERS = 120


@dataclass(frozen=True)
class AttributeChange:
    """One attribute of a resource: its value, its value after the plan, and whether that forces a new resource."""

    attribute: str
    before: str
    after: str
    forces: bool = False

    def __str__(self) -> str:
        return (
            f"{self.attribute}: {self.before} → {self.after}{' (forces replacement)' if self.forces else ''}"
        )


@dataclass(frozen=True)
class Change:
    """What the plan would do to one resource. `import_id` is that of one which is taken into the state, and `after` has
    the values that are known before an apply, sensitive ones among them, so it is not for showing.
    """

    address: str
    type: str
    action: Action
    differences: tuple[AttributeChange, ...]
    tainted: bool = False
    import_id: str = ""
    after: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def lines(self) -> list[str]:
        """What changes, in a line for each attribute."""
        if self.tainted:
            return ["tainted: its creation was interrupted"]
        imported = [f"imported: {self.import_id}"] if self.import_id else []
        return [*imported, *map(str, self.differences)]


@dataclass(frozen=True)
class Plan:
    """The changes of a plan. `applicable` is False where there is nothing to do, not even for outputs or addresses."""

    changes: tuple[Change, ...]
    applicable: bool

    @property
    def actions(self) -> dict[str, Action]:
        """What would happen to each resource, by its address."""
        return {change.address: change.action for change in self.changes}

    @property
    def summary(self) -> str:
        """For instance `3 to add, 1 to change`."""
        counts = Counter(change.action for change in self.changes)
        parts = [f"{counts[action]} to {action}" for action in get_args(Action) if counts[action]]
        return ", ".join(parts) or ("only outputs or addresses change" if self.applicable else "no changes")

    def refused(self, allowed: Sequence[str]) -> list[Change]:
        """The changes that would lose data or make it unreadable, without those whose addresses are `allowed`."""
        lost = [c for c in self.changes if c.type in PROTECTED and c.action in ("replace", "destroy")]
        return [change for change in lost if change.address not in allowed]

    def begun(self, allowed: Sequence[str]) -> list[Change]:
        """The refused changes whose only cause is that an interrupted run marked a resource for replacement."""
        return [change for change in self.refused(allowed) if change.tainted]

    def as_of_paused(self) -> Plan:
        """This plan without the differences that a pause of the cluster only seems to make."""
        kept = tuple(kept for change in self.changes if (kept := _without_pause(change)))
        return Plan(kept, applicable=bool(kept))

    def markdown(self) -> str:
        """The changes as a table for people."""
        rows = ["| | resource | what changes |", "| --- | --- | --- |"]
        for change in self.changes:
            what = "<br>".join(change.lines).replace("|", "\\|")
            rows.append(f"| {change.action} | `{change.address}` | {what} |")
        return "\n".join(rows) if self.changes else self.summary

    def text(self) -> str:
        """The changes line by line, for a terminal or a log."""
        lines = []
        for change in self.changes:
            lines.append(f"{change.action:<8} {change.address}")
            lines += [f"{'':<8}   {line}" for line in change.lines]
        return "\n".join(lines) or self.summary


def read_plan(document: str) -> Plan:
    """Read the output of `terraform show -json PLAN`."""
    plan = json.loads(document)
    changes = tuple(_changes(plan.get("resource_changes", [])))
    return Plan(changes, applicable=bool(plan.get("applyable")))


def _changes(resources: Iterable[dict[str, Any]]) -> Iterable[Change]:
    for resource in resources:
        import_id = (resource["change"].get("importing") or {}).get("id", "")
        action = _ACTIONS.get(tuple(resource["change"]["actions"])) or ("import" if import_id else None)
        if action is None:  # no-op and read
            continue
        differences = tuple(_differences(resource["change"])) if action in ("change", "replace") else ()
        tainted = resource.get("action_reason") == "replace_because_tainted"
        after = resource["change"].get("after") or {}
        yield Change(resource["address"], resource["type"], action, differences, tainted, import_id, after)


def _differences(change: dict[str, Any]) -> Iterable[AttributeChange]:
    """The attributes that differ. Of a sensitive one, the values are left out."""
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = {name for name, value in (change.get("after_unknown") or {}).items() if value}
    forcing = {path[0] for path in change.get("replace_paths", [])}
    for name in sorted({*before, *after, *unknown}, key=lambda name: (name not in forcing, name)):
        if before.get(name) == after.get(name) and name not in unknown:
            continue
        if forcing and name in unknown - forcing:  # a new resource's own values
            continue
        old, new = _show(before.get(name)), _show(after.get(name))
        if name in unknown:
            new = "(known after apply)"
        if _sensitive(change, name):
            old = new = "(sensitive)"
        yield AttributeChange(name, old, new, name in forcing)


def _sensitive(change: dict[str, Any], attribute: str) -> bool:
    """Whether any part of the attribute is marked sensitive, before or after."""

    def marked(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(marked, value.values()))
        if isinstance(value, list):
            return any(map(marked, value))
        return bool(value)

    sides = (change.get("before_sensitive"), change.get("after_sensitive"))
    return any(side is True or (isinstance(side, dict) and marked(side.get(attribute))) for side in sides)


def _without_pause(change: Change) -> Change | None:
    if change.type != "aws_redshift_cluster" or change.action != "change":
        return change
    left = tuple(d for d in change.differences if d.attribute not in PAUSED_ATTRIBUTES)
    return replace(change, differences=left) if left else None


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
