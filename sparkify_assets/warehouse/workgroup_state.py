"""The state of a serverless workgroup, by the API of Redshift Serverless. Nothing pauses or resumes one.

Does not belong here: how it is logged in to (`serverless`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparkify_assets.warehouse.errors import ClusterError
from sparkify_assets.warehouse.service import Capacity, Log, wait_for

#: How many seconds a workgroup may take to be made or changed; AWS speaks of minutes.
AVAILABLE_SECONDS = 1800.0

#: How many seconds pass before the status is read again.
POLL_SECONDS = 15.0

NOTHING_TO_PAUSE = (
    "A serverless warehouse costs nothing while no query runs: there is nothing to pause or resume."
)


#: The parameters that terraform/modules/serverless sets and cannot watch, and what holds without each.
PROTECTING = {
    "require_ssl": "connections without TLS are taken",
    "enable_user_activity_logging": "what users ask is not logged",
}


@dataclass(frozen=True)
class Workgroup:
    """A workgroup as GetWorkgroup returns it. `host` is empty while it is being created. `base_rpus` are the most that
    it may use if Redshift chooses its base capacity itself.
    """

    identifier: str
    region: str
    status: str
    host: str
    port: int
    namespace: str
    public: bool
    base_rpus: int
    parameters: Mapping[str, str]

    paused = False
    without_nodes = False

    @property
    def weakened(self) -> tuple[str, ...]:
        """The protecting parameters that are switched off, each with the command that switches it on again."""
        command = (
            f"aws redshift-serverless update-workgroup --workgroup-name {self.identifier} --config-parameters"
        )
        return tuple(
            f"{key} is {self.parameters[key]}, so {what}: {command} parameterKey={key},parameterValue=true"
            for key, what in PROTECTING.items()
            if self.parameters.get(key, "true") != "true"
        )

    @property
    def capacity(self) -> Capacity:
        """What a query begins with, and is paid for while it runs."""
        return Capacity("RPU", self.base_rpus)

    def pause(self, log: Log) -> str:  # noqa: ARG002 (as of a cluster)
        """Nothing has to be done; that in a sentence."""
        return NOTHING_TO_PAUSE

    def resume(self, log: Log) -> Workgroup:
        """Nothing has to be resumed; wait for a change to end."""
        log(NOTHING_TO_PAUSE)
        return self.wait_until_available(log)

    def wait_until_available(self, log: Log, api: Any = None) -> Workgroup:
        """The workgroup once it is available. Raises ClusterError when it is gone, or after AVAILABLE_SECONDS.

        While it is being changed, running queries go on, and new ones may wait:
        https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_Workgroup.html
        """

        def available(now: Workgroup) -> bool:
            if now.status == "DELETING":
                raise ClusterError(f"workgroup {self.identifier} is being deleted")
            return now.status == "AVAILABLE"

        def read() -> Workgroup | None:
            return find_workgroup(self.identifier, self.region, api)

        title = f"workgroup {self.identifier}"
        return wait_for(
            self,
            read,
            title,
            "AVAILABLE",
            available,
            log,
            seconds=AVAILABLE_SECONDS,
            poll_seconds=POLL_SECONDS,
        )


def find_workgroup(name: str, region: str | None, api: Any = None) -> Workgroup | None:
    """The workgroup of that name, or None. `api` is the client that asks; else it is made from boto3's chain."""
    import boto3  # here: its import costs a quarter of a second that only Redshift needs

    serverless = api or boto3.client("redshift-serverless", region_name=region)
    try:
        found = serverless.get_workgroup(workgroupName=name)["workgroup"]
    except serverless.exceptions.ResourceNotFoundException:
        return None
    endpoint = found.get("endpoint") or {}
    return Workgroup(
        identifier=name,
        region=serverless.meta.region_name,
        status=found["status"],
        host=endpoint.get("address", ""),
        port=endpoint.get("port", 0),
        namespace=found["namespaceName"],
        public=found.get("publiclyAccessible", False),
        parameters={p["parameterKey"]: p["parameterValue"] for p in found.get("configParameters", [])},
        base_rpus=found.get("baseCapacity") or found.get("maxCapacity", 0),
    )
