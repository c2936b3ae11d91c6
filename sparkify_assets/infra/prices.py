"""What AWS charges for what stays or runs, in US dollars; how sure the figures are: terraform/cost.md."""

from __future__ import annotations

#: On demand, us-west-2, in US dollars for a node and hour.
NODE_USD_PER_HOUR = {"ra3.large": 0.543, "ra3.xlplus": 1.086, "ra3.4xlarge": 3.26, "ra3.16xlarge": 13.04}

#: An RPU of Redshift Serverless for an hour in which queries run; 4 RPUs are 1.50 an hour:
#: https://aws.amazon.com/blogs/big-data/amazon-redshift-serverless-at-4-rpus-high-value-analytics-at-low-cost/
RPU_USD_PER_HOUR = 0.375

#: By the units of `sparkify_assets.warehouse.service.Capacity`.
USD_PER_HOUR = {**NODE_USD_PER_HOUR, "RPU": RPU_USD_PER_HOUR}

#: Snapshots of RA3 clusters, USD per GB and month in us-west-2.
SNAPSHOT_USD_PER_GB = 0.024
