"""What AWS charges for what stays or runs, in US dollars; how sure the figures are: terraform/cost.md."""

from __future__ import annotations

#: On demand, in US dollars for a node and hour. RA3: us-west-2, as remembered in 2025-06. RG: us-east-1, as others read
#: them from AWS's Price List on 2026-09-24 and 2026-10-05; RA3 cost the same in us-east-1 then. They are 0.190 for each
#: vCPU, 30 % less than RA3's 0.272, as AWS announced.
NODE_USD_PER_HOUR = {
    "ra3.large": 0.543,
    "ra3.xlplus": 1.086,
    "ra3.4xlarge": 3.26,
    "ra3.16xlarge": 13.04,
    "rg.large": 0.3801,
    "rg.xlarge": 0.7602,
    "rg.4xlarge": 3.04267,
    "rg.12xlarge": 9.128,
}

#: An RPU of Redshift Serverless for an hour in which queries run; 4 RPUs are 1.50 an hour:
#: https://aws.amazon.com/blogs/big-data/amazon-redshift-serverless-at-4-rpus-high-value-analytics-at-low-cost/
RPU_USD_PER_HOUR = 0.375

#: By the units of `sparkify_assets.warehouse.service.Capacity`.
USD_PER_HOUR = {**NODE_USD_PER_HOUR, "RPU": RPU_USD_PER_HOUR}

#: Snapshots of RA3 and RG clusters, USD per GB and month in us-west-2.
SNAPSHOT_USD_PER_GB = 0.024


def usd_per_hour(unit: str, amount: float) -> float | None:
    """What running nodes of a type, or RPUs, cost in US dollars an hour, or None if the price of one is unknown."""
    price = USD_PER_HOUR.get(unit)
    return None if price is None else price * amount
