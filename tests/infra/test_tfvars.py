"""What an environment sets and no stack declares is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.tfvars import refuse_unknown_settings
from tests.infrastructure.harness import TERRAFORM

STACKS = TERRAFORM / "stacks"


@pytest.mark.parametrize("environment", sorted(path.stem for path in (TERRAFORM / "environments").iterdir()))
def test_the_environments_set_what_is_declared(environment: str) -> None:
    refuse_unknown_settings(TERRAFORM / "environments" / f"{environment}.tfvars", STACKS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "warehouse = {\n  node_cuont = 2\n}\n",
            "2: unknown setting warehouse.node_cuont; did you mean node_count?",
        ),
        ("# one\nwarehosue = {}\n", "2: unknown setting warehosue; did you mean warehouse?"),
        (
            'warehouse = { "node_cuont" : 2 }\n',
            "1: unknown setting warehouse.node_cuont; did you mean node_count?",
        ),
        (
            'warehouse = {\n  port = 5439\n  pause_schedule = {\n    puase = "x"\n  }\n}\n',
            "4: unknown setting warehouse.pause_schedule.puase; did you mean pause?",
        ),
        ("foundation = { az_conut = 2 }\n", "1: unknown setting foundation.az_conut; did you mean az_count?"),
        (
            'warehouse = { pause_schedule = { zzz = "x" } }\n',
            "1: unknown setting warehouse.pause_schedule.zzz; known here: pause, resume",
        ),
    ],
)
def test_a_misspelt_setting_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    settings = tmp_path / "dev.tfvars"
    settings.write_text(text)
    with pytest.raises(InfrastructureError) as error:
        refuse_unknown_settings(settings, STACKS)
    assert str(error.value) == f"{settings}:{told}"


def test_all_are_named_at_once(tmp_path: Path) -> None:
    settings = tmp_path / "dev.tfvars"
    settings.write_text("one = 1\nwarehouse = { two = 2 }\n")
    with pytest.raises(
        InfrastructureError, match=r":1: unknown setting one; .*:2: unknown setting warehouse\.two"
    ):
        refuse_unknown_settings(settings, STACKS)


def test_what_a_variable_collects_is_looked_into(tmp_path: Path) -> None:
    stack = tmp_path / "stacks" / "one"
    stack.mkdir(parents=True)
    (stack / "main.tf").write_text(
        'variable "rules" { type = map(list(object({ port = number, to = optional(string, "x") }))) }\n'
        'variable "labels" { type = map(string) }\nvariable "free" { type = any }\nvariable "untyped" {}\n'
    )
    settings = tmp_path / "dev.tfvars"
    settings.write_text(
        'labels = { any_name = "x" }\nfree = { of = { any = 1 } }\nuntyped = { x = 1 }\n'
        "rules = {\n  a = [{ port = 1 }, {\n    prot = 2 }]\n}\n"
    )
    with pytest.raises(InfrastructureError) as error:
        refuse_unknown_settings(settings, stack.parent)
    assert str(error.value) == f"{settings}:6: unknown setting rules.a.prot; did you mean port?"


def test_what_is_no_hcl_is_left_to_terraform(tmp_path: Path) -> None:
    settings = tmp_path / "dev.tfvars"
    settings.write_text("warehouse = {\n")
    refuse_unknown_settings(settings, STACKS)
