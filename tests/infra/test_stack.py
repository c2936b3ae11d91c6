"""What a stack's commands give, and what they keep to themselves."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.stack import Stack
from tests.infrastructure.harness import Checkout, stack


def test_an_unknown_environment_is_one_line(terraform: str, tmp_path: Path) -> None:
    prood = Checkout.tiny(tmp_path, warehouse="").resource(environment="prood")
    with (
        prood.opened("test") as resource,
        pytest.raises(InfrastructureError, match=r"there is no environment 'prood'; .* has dev"),
    ):
        Stack(resource, "warehouse").init()


SENSITIVE = """
resource "terraform_data" "this" {
  input = sensitive("%s")
}

output "password" {
  value     = terraform_data.this.output
  sensitive = true
}

output "host" {
  value = "example"
}
"""


def test_a_sensitive_value_reaches_neither_logs_nor_outputs(
    terraform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-not-for-the-log"
    lines: list[str] = []
    with stack(Checkout.tiny(tmp_path, warehouse=SENSITIVE % secret), lines.append) as chosen:
        planned = chosen.plan()
        chosen.apply()
        assert chosen.outputs() == {"host": "example"}
        private = chosen.terraform.run_folder
        assert private.stat().st_mode & 0o077 == 0
        state = chosen.terraform.stacks + "/warehouse/terraform.tfstate"
        assert Path(state).stat().st_mode & 0o077 == 0
    assert not private.exists()
    assert not logging.getLogger("python_terraform").isEnabledFor(logging.DEBUG)
    for said in (*lines, planned.text(), planned.markdown(), caplog.text):
        assert secret not in said
    assert any("Apply complete" in line for line in lines)
