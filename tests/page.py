"""A client of Dagster's web UI: the mutations that its buttons send, and what they show.

Names follow the web UI's own queries (https://docs.dagster.io/api/graphql).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

Found = TypeVar("Found")

LOCATION = "sparkify_assets.definitions"
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION}

LAUNCH_RUN = """
mutation LaunchPipelineExecution($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { id } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""

LAUNCH_BACKFILL = """
mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on PartitionSetNotFoundError { message }
  }
}
"""

TERMINATE = """
mutation Terminate($runIds: [String!]!, $terminatePolicy: TerminateRunPolicy) {
  terminateRuns(runIds: $runIds, terminatePolicy: $terminatePolicy) {
    __typename
    ... on TerminateRunsResult { terminateRunResults { __typename } }
  }
}
"""

RUN = """
query Run($id: ID!) {
  runOrError(runId: $id) {
    ... on Run {
      id status tags { key value }
      assetMaterializations {
        assetKey { path } partition
        metadataEntries { label ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue } }
      }
      eventConnection {
        events {
          ... on RunFailureEvent { message error { message } }
          ... on ExecutionStepFailureEvent { error { message } failureMetadata { metadataEntries { label } } }
        }
      }
    }
  }
}
"""

BACKFILL = """
query Backfill($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } runs(limit: 50) { id status creationTime tags { key value } } }
  }
}
"""

CHECK_NAMES = """
query CheckNames($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetChecksOrError { ... on AssetChecks { checks { name } } }
  }
}
"""

CHECK_EXECUTIONS = """
query CheckExecutions($key: AssetKeyInput!, $name: String!) {
  assetCheckExecutions(assetKey: $key, checkName: $name, limit: 20) {
    runId status
    evaluation {
      severity
      metadataEntries {
        label
        ... on IntMetadataEntry { intValue }
        ... on TableMetadataEntry { table { records } }
      }
    }
  }
}
"""

SENSOR = """
query Sensor($sensor: SensorSelector!) {
  sensorOrError(sensorSelector: $sensor) { ... on Sensor { sensorState { status } } }
}
"""

PARTITIONS = """
query Partitions($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      partitionStats { numMaterialized numPartitions numFailed }
      assetPartitionStatuses {
        ... on TimePartitionStatuses { ranges { status startKey endKey } }
      }
    }
  }
}
"""


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    id: str
    status: str
    tags: Mapping[str, str]
    materializations: Sequence[Mapping[str, Any]]
    failures: Sequence[str]

    def metadata(self, asset: str, partition: str | None = None) -> dict[str, Any]:
        """The numbers that an asset's materialization shows."""
        for event in self.materializations:
            if event["assetKey"]["path"] == [asset] and event["partition"] == partition:
                return {
                    entry["label"]: entry.get("intValue", entry.get("floatValue"))
                    for entry in event["metadataEntries"]
                }
        raise KeyError(f"{asset} {partition} was not materialized in run {self.id}")

    def partitions(self, asset: str) -> list[str]:
        return sorted(
            event["partition"] for event in self.materializations if event["assetKey"]["path"] == [asset]
        )


class Page:
    """The page at an address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send a query; its data. Raises AssertionError with what the server answered instead."""
        body = {"query": query, "variables": variables}
        response = requests.post(f"{self.address}/graphql", json=body, timeout=60)
        answer = response.json()
        assert not answer.get("errors"), answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def launch_run(
        self,
        assets: Sequence[str],
        *,
        partition: str | None = None,
        job: str = "__ASSET_JOB",
        config: str = "{}",
    ) -> str:
        """Click Materialize with one partition, or none; the run's id."""
        tags = [{"key": "dagster/from_ui", "value": "true"}]
        if partition is not None:
            tags.append({"key": "dagster/partition", "value": partition})
        answer = self.ask(
            LAUNCH_RUN,
            executionParams={
                "mode": "default",
                "executionMetadata": {"tags": tags},
                "runConfigData": config,
                "selector": {
                    **REPOSITORY,
                    "pipelineName": job,
                    "assetSelection": [{"path": [asset]} for asset in assets],
                    "assetCheckSelection": self.checks_of(assets),
                },
            },
        )["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run_id: str = answer["run"]["id"]
        return run_id

    def checks_of(self, assets: Sequence[str]) -> list[dict[str, Any]]:
        """The checks that run with some assets; the page names them all."""
        nodes = self.ask(CHECK_NAMES, keys=[{"path": [asset]} for asset in assets])["assetNodes"]
        return [
            {"assetKey": node["assetKey"], "name": check["name"]}
            for node in nodes
            for check in node["assetChecksOrError"]["checks"]
        ]

    def launch_backfill(self, assets: Sequence[str], partitions: Sequence[str] | None) -> str:
        """Click Materialize with several partitions, or with all of assets that differ in theirs; the backfill's id."""
        chosen: dict[str, Any] = (
            {"allPartitions": True} if partitions is None else {"partitionNames": partitions}
        )
        answer = self.ask(
            LAUNCH_BACKFILL,
            backfillParams={
                "assetSelection": [{"path": [asset]} for asset in assets],
                "tags": [{"key": "dagster/from_ui", "value": "true"}],
                **chosen,
            },
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        backfill_id: str = answer["backfillId"]
        return backfill_id

    def terminate(self, run_id: str) -> None:
        answer = self.ask(TERMINATE, runIds=[run_id], terminatePolicy="SAFE_TERMINATE")["terminateRuns"]
        assert answer["terminateRunResults"][0]["__typename"] == "TerminateRunSuccess", answer

    def run(self, run_id: str, timeout: float = 180) -> Run:
        """A run, when it has ended."""

        def ended() -> Run | None:
            found = self.ask(RUN, id=run_id)["runOrError"]
            if found["status"] not in ("SUCCESS", "FAILURE", "CANCELED"):
                return None
            return Run(
                id=run_id,
                status=found["status"],
                tags={tag["key"]: tag["value"] for tag in found["tags"]},
                materializations=found["assetMaterializations"],
                failures=[
                    event["error"]["message"]
                    for event in found["eventConnection"]["events"]
                    if event.get("error")
                ],
            )

        return until(ended, timeout, f"run {run_id} did not end")

    def runs_of_backfill(self, backfill_id: str, number: int, timeout: float = 240) -> list[Run]:
        """The first runs that a backfill started, oldest first, when so many have ended."""

        def ended() -> list[str] | None:
            found = self.ask(BACKFILL, id=backfill_id)["partitionBackfillOrError"]
            assert not found["error"], found["error"]
            runs = sorted(found["runs"], key=lambda run: run["creationTime"])
            done = [run["id"] for run in runs if run["status"] in ("SUCCESS", "FAILURE", "CANCELED")]
            return [run["id"] for run in runs] if len(done) >= number else None

        return [
            self.run(run_id) for run_id in until(ended, timeout, f"backfill {backfill_id} started no runs")
        ]

    def completed(self, backfill_id: str) -> None:
        """Wait until a backfill says of itself that it succeeded: up to 30 seconds after its runs have."""

        def ended() -> bool | None:
            found = self.ask(BACKFILL, id=backfill_id)["partitionBackfillOrError"]
            return found["status"] == "COMPLETED_SUCCESS" or None

        until(ended, 120, f"backfill {backfill_id} did not succeed")

    def checks(self, asset: str, run_id: str) -> dict[str, dict[str, Any]]:
        """What a run found by each check of an asset: status, severity, metadata."""
        return {check["name"]: self._check(asset, check["name"], run_id) for check in self.checks_of([asset])}

    def _check(self, asset: str, name: str, run_id: str) -> dict[str, Any]:
        executions = self.ask(CHECK_EXECUTIONS, key={"path": [asset]}, name=name)["assetCheckExecutions"]
        # A run of one day also leaves its plan behind: the check for that partition, which checks do not know.
        (execution,) = [item for item in executions if item["runId"] == run_id and item["evaluation"]]
        evaluation = execution["evaluation"]
        numbers = {
            entry["label"]: entry.get("intValue", entry.get("table"))
            for entry in evaluation["metadataEntries"]
        }
        return {"status": execution["status"], "severity": evaluation["severity"], **numbers}

    def sensor_is(self, sensor: str, state: str) -> bool | None:
        """Whether a sensor is RUNNING, or STOPPED."""
        found = self.ask(SENSOR, sensor={**REPOSITORY, "sensorName": sensor})
        return found["sensorOrError"]["sensorState"]["status"] == state or None

    def partitions(self, asset: str) -> dict[str, Any]:
        return self.ask(PARTITIONS, key={"path": [asset]})["assetNodeOrError"]  # type: ignore[no-any-return]


def until(found: Callable[[], Found | None], timeout: float, otherwise: str) -> Found:
    """What a question gives as soon as it gives something. Raises TimeoutError."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if (answer := found()) is not None:
            return answer
        time.sleep(0.3)
    raise TimeoutError(f"{otherwise} within {timeout:.0f} s")
