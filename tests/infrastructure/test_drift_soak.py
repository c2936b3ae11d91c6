"""Every kind of change by hand, one after another: nothing hides behind another one, or is only seen beside it."""

from __future__ import annotations

import pytest

from tests.infrastructure.harness import Checkout, Emulator
from tests.infrastructure.injections import INJECTIONS, Account, Injection, seen

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]

CONFIG = {"resources": {"terraform": {"config": {"environment": "drifting"}}}}


@pytest.fixture(scope="module")
def provisioned(checkout: Checkout, emulator: Emulator, cluster_port: int) -> Checkout:
    emulator.control(redshift_host="127.0.0.1", create_seconds=0)
    checkout.add_environment(
        "drifting",
        'environment = "drifting"\nregion = "us-west-2"\n'
        f'warehouse = {{ node_type = "ra3.xlplus", node_count = 2, port = {cluster_port} }}\n',
    )
    provision(checkout)
    return checkout


def provision(checkout: Checkout) -> None:
    run = checkout.run("provision_infrastructure", {"environment": "drifting"})
    assert run.success, run.failures


@pytest.mark.parametrize("injection", INJECTIONS, ids=str)
def test_each_is_seen_alone_and_taken_away(
    emulator: Emulator, provisioned: Checkout, injection: Injection
) -> None:
    account = Account(emulator, "drifting")
    injection.inject(account)
    found = provisioned.run("detect_drift", CONFIG).metadata
    assert seen(injection, found), found
    assert found["severity"] == ("ERROR" if injection.exposes else "WARN"), found
    for finding in found["findings"]:
        if finding["remedy"].startswith("aws "):
            account.carry_out(finding["remedy"])
    if injection.heals:
        provision(provisioned)
    left = provisioned.run("detect_drift", CONFIG).metadata
    assert left["passed"], left
