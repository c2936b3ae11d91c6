"""Every kind of change by hand, one after another: nothing hides behind another one, or is only seen beside it. One
environment is provisioned for all of them. What no plan shows is looked for without Terraform, which finds none of it.
"""

from __future__ import annotations

import pytest

from sparkify_assets.infra.declared import Declared
from sparkify_assets.infra.findings import as_json
from sparkify_assets.infra.looks import undeclared
from sparkify_assets.infra.stack import STACKS, Stack
from tests.infrastructure.harness import REGION, Checkout, Emulator
from tests.infrastructure.injections import HEALED, NAMED, Account, Injection, seen

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]

DRIFTING, BY_HAND = {"environment": "drifting"}, {"TF_WORKSPACE": "drifting"}


@pytest.fixture(scope="module")
def provisioned(checkout: Checkout, emulator: Emulator, cluster_port: int) -> Checkout:
    emulator.control(redshift_host="127.0.0.1", create_seconds=0)
    checkout.add_environment(
        "drifting",
        'environment = "drifting"\nregion = "us-west-2"\n'
        f'warehouse = {{ node_type = "ra3.xlplus", node_count = 2, port = {cluster_port} }}\n',
    )
    run = checkout.run("provision_infrastructure", DRIFTING)
    assert run.success, run.failures
    for stack in STACKS:
        checkout.terraform(stack, "init", "-lockfile=readonly", "-no-color", environment=BY_HAND)
    return checkout


@pytest.fixture(scope="module")
def declared(provisioned: Checkout) -> Declared:
    """What the stacks of the environment declare."""
    found = Declared(())
    with provisioned.resource(environment="drifting").opened("looking") as resource:
        for name in STACKS:
            stack = Stack(resource, name)
            stack.init()
            found += stack.declared()
    return found


@pytest.mark.parametrize("injection", NAMED, ids=str)
def test_what_no_plan_shows_is_seen_alone_and_taken_away_by_its_remedy(
    emulator: Emulator, declared: Declared, injection: Injection
) -> None:
    account = Account(emulator, "drifting")
    assert undeclared(declared, REGION) == [], "what was done before is gone"
    injection.inject(account)
    found = undeclared(declared, REGION)
    assert seen(injection, {"findings": as_json(found)}), found
    assert any(finding.level == "exposed" for finding in found) == injection.exposes
    for finding in found:
        account.carry_out(finding.remedy)


@pytest.mark.parametrize("injection", HEALED, ids=str)
def test_what_a_plan_shows_is_seen_alone_and_healed_by_an_apply(
    emulator: Emulator, provisioned: Checkout, injection: Injection
) -> None:
    injection.inject(Account(emulator, "drifting"))
    found = provisioned.run("detect_drift", DRIFTING).metadata
    assert seen(injection, found), found
    assert found["severity"] == ("ERROR" if injection.exposes else "WARN"), found
    changed = [name for name in STACKS if found.get(f"{name}_actions")]
    assert len(changed) == 1, "what was done before is healed, and this is in one stack"
    variables = "-var-file=../../environments/drifting.tfvars"
    provisioned.terraform(changed[0], "apply", "-auto-approve", "-no-color", variables, environment=BY_HAND)


def test_nothing_is_left_of_it(provisioned: Checkout) -> None:
    left = provisioned.run("detect_drift", DRIFTING).metadata
    assert left["passed"], left
