"""What a cluster costs, and what is said where that is unknown."""

from __future__ import annotations

import pytest

from sparkify_assets.cli.ephemeral_cluster import EphemeralCluster
from sparkify_assets.infra.prices import NODE_USD_PER_HOUR, usd_per_hour
from sparkify_assets.settings import Settings


def test_nodes_cost_what_one_costs_times_their_number() -> None:
    assert usd_per_hour("rg.xlarge", 2) == pytest.approx(1.5204)
    assert usd_per_hour("RPU", 8) == pytest.approx(3.0)


def test_an_unknown_price_is_not_guessed() -> None:
    assert usd_per_hour("rg.24xlarge", 2) is None


@pytest.mark.parametrize(("price", "said"), [(None, "not known"), (1.52, "(1.52 an hour")])
def test_an_unknown_cost_is_said_to_be_unknown(price: float | None, said: str) -> None:
    run = EphemeralCluster(
        Settings.from_environment({}), "dev", "destroy", "destroy", foundation_too=False, usd_per_hour=price
    )
    assert said in run._time_and_cost(1.0)


@pytest.mark.parametrize("size", ["xlplus xlarge 4 4", "16xlarge 12xlarge 48 48", "4xlarge 4xlarge 12 16"])
def test_graviton_costs_30_percent_less_for_each_vcpu(size: str) -> None:
    """As AWS announced it on 2026-05-12."""
    ra3, rg, ra3_vcpu, rg_vcpu = size.split()
    each = [
        NODE_USD_PER_HOUR[f"ra3.{ra3}"] / int(ra3_vcpu),
        NODE_USD_PER_HOUR[f"rg.{rg}"] / int(rg_vcpu),
    ]
    assert each[1] / each[0] == pytest.approx(0.70, abs=0.001)
