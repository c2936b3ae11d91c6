"""What a cluster costs, and what is said where that is unknown."""

from __future__ import annotations

import pytest

from sparkify_assets.infra.prices import NODE_USD_PER_HOUR, usd, usd_per_hour


def test_nodes_cost_what_one_costs_times_their_number() -> None:
    assert usd_per_hour("rg.xlarge", 2) == pytest.approx(1.5204)
    assert usd(usd_per_hour("rg.xlarge", 2)) == "1.52 USD"


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    assert usd_per_hour("rg.24xlarge", 2) is None
    assert usd(None) == "an unknown amount"


@pytest.mark.parametrize("size", ["xlplus xlarge 4 4", "16xlarge 12xlarge 48 48", "4xlarge 4xlarge 12 16"])
def test_graviton_costs_30_percent_less_for_each_vcpu(size: str) -> None:
    """As AWS announced it on 2026-05-12."""
    ra3, rg, ra3_vcpu, rg_vcpu = size.split()
    each = [
        NODE_USD_PER_HOUR[f"ra3.{ra3}"] / int(ra3_vcpu),
        NODE_USD_PER_HOUR[f"rg.{rg}"] / int(rg_vcpu),
    ]
    assert each[1] / each[0] == pytest.approx(0.70, abs=0.001)
