"""Where the audit and flow logs go besides their groups
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html).

Belongs here: subscriptions of our log groups. Does not: the groups' own settings, which the plan sees.
"""

from __future__ import annotations

from collections.abc import Iterator

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.looks.surroundings import Surroundings


def subscriptions(look: Surroundings) -> Iterator[Finding]:
    """Subscriptions that no stack declares. One to another account exposes what the log says."""
    declared = {
        (values["log_group_name"], values["name"])
        for values in look.declared.all("aws_cloudwatch_log_subscription_filter")
    }
    pages = look.client("logs").get_paginator("describe_subscription_filters")
    for group in look.declared.every("name", "aws_cloudwatch_log_group"):
        for found in pages.paginate(logGroupName=group).search("subscriptionFilters[]"):
            name, target = found["filterName"], found["destinationArn"]
            if (group, name) not in declared:
                elsewhere = target.split(":")[4] != look.account
                yield look.finding(
                    "exposed" if elsewhere else "differs", f"log group {group}", f"its lines are sent to {target}",
                    "logs delete-subscription-filter", log_group_name=group, filter_name=name,
                )  # fmt: skip
