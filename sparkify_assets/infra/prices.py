"""What AWS charges for what stays or runs, in US dollars; how sure the figures are: terraform/cost.md."""

from __future__ import annotations

#: On demand, us-west-2, in US dollars for a node and hour.
NODE_USD_PER_HOUR = {"ra3.large": 0.543, "ra3.xlplus": 1.086, "ra3.4xlarge": 3.26, "ra3.16xlarge": 13.04}


#: Snapshots of RA3 clusters, USD per GB and month in us-west-2.
SNAPSHOT_USD_PER_GB = 0.024
