"""The cluster as an external asset, the check that nothing has drifted from the configuration, and its daily schedule
(https://docs.dagster.io/guides/test/asset-checks).

Belongs here: comparing what exists with the configuration. Does not: changing anything (`ops`).
"""

# Annotations are not postponed here, because Dagster reads the type of a check's context from them.

import shutil
from pathlib import Path
from typing import Any

import dagster as dg

from sparkify_assets.defs.metadata import code_reference, tags
from sparkify_assets.infra import DEFAULT_ENVIRONMENT
from sparkify_assets.infra.declared import Declared
from sparkify_assets.infra.exposures import exposures
from sparkify_assets.infra.findings import Finding, as_json, in_order, markdown, verdict
from sparkify_assets.infra.looks import undeclared
from sparkify_assets.infra.ops import CLUSTER, cluster_of, failing_plainly
from sparkify_assets.infra.plan import Plan
from sparkify_assets.infra.stack import STACKS, Stack, wanted_stacks
from sparkify_assets.infra.terraform import TerraformResource
from sparkify_assets.infra.writable import OVERRIDE

redshift_cluster = dg.AssetSpec(
    CLUSTER,
    group_name="infrastructure",
    kinds={"redshift", "terraform"},
    owners=["team:data-platform"],
    tags=tags("platform"),
    metadata=code_reference("terraform/stacks/warehouse/main.tf"),
    description="The Redshift cluster that terraform/ makes. Its outputs are recorded when it is provisioned.",
)


@dg.asset_check(asset=CLUSTER, name="matches_its_configuration")
def drift_check(context: dg.AssetCheckExecutionContext, terraform: TerraformResource) -> dg.AssetCheckResult:
    """Whether what is on AWS matches terraform/, and whether anything is open that nobody declared, which is an error;
    any other difference is a warning. Neither a paused cluster nor one that was never made is drift.
    """
    metadata: dict[str, Any] = {"environment": terraform.environment}
    declared, findings, changes = Declared(()), list[Finding](), 0
    with failing_plainly():
        for stack in wanted_stacks(terraform, context.log.info):
            stack.init()
            own = stack.declared()
            found, weakened = _drift(stack, own, metadata)
            findings += weakened
            metadata[f"{stack.name}_actions"] = dg.MetadataValue.json(found.actions)
            if found.changes:
                context.log.warning(
                    f"{stack} differs from its configuration; applying it would:\n{found.text()}"
                )
                metadata[f"{stack.name}_changes"] = dg.MetadataValue.md(found.markdown())
                healing = f"sparkify infra apply --env {terraform.environment}"
                findings += exposures(stack.plan_document, own.addresses, healing)
            declared, changes = declared + own, changes + len(found.changes)
        findings = in_order([*findings, *undeclared(declared, stack.region)])
    return _result(context, metadata, findings, changes)


def _result(
    context: dg.AssetCheckExecutionContext, metadata: dict[str, Any], findings: list[Finding], changes: int
) -> dg.AssetCheckResult:
    """The verdict and all findings, in the log and as metadata. Only an exposure is an error."""
    told = verdict(findings, changes)
    if findings:
        context.log.warning("\n".join([told, *map(str, findings)]))
        metadata["findings_table"] = dg.MetadataValue.md(markdown(findings))
    exposed = any(finding.level == "exposed" for finding in findings)
    return dg.AssetCheckResult(
        passed=not findings and not changes,
        severity=dg.AssetCheckSeverity.ERROR if exposed else dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={"verdict": told, **metadata, "findings": dg.MetadataValue.json(as_json(findings))},
    )


def _drift(stack: Stack, declared: Declared, metadata: dict[str, Any]) -> tuple[Plan, list[Finding]]:
    """What applying the stack would change, and what protects the warehouse and is off. A summary is added to the
    metadata.
    """
    if not declared.resources:
        metadata[stack.name] = "not provisioned"
        return Plan((), applicable=False), []
    found = stack.plan()
    cluster = cluster_of(stack) if stack.name == "warehouse" else None
    if cluster and cluster.without_nodes:
        found = found.as_of_paused()
    metadata[stack.name] = f"{found.summary} (cluster {cluster.status})" if cluster else found.summary
    if cluster and cluster.weakened:
        metadata[f"{stack.name}_weakened"] = weakened = "; ".join(cluster.weakened)
        metadata[stack.name] += f"; {weakened}"
    return found, [_weakness(cluster.identifier, told) for told in cluster.weakened] if cluster else []


def _weakness(warehouse: str, told: str) -> Finding:
    """A protecting parameter that is off, as a finding: without `require_ssl`, whoever is on the way reads along."""
    what, _, remedy = told.rpartition(": ")
    return Finding("exposed" if what.startswith("require_ssl") else "differs", warehouse, what, remedy)


def drift_schedule(job: Any, stacks: Path) -> dg.ScheduleDefinition:
    """The schedule that starts `job`, which is `detect_drift`, for each environment that is provisioned."""

    @dg.schedule(
        job=job,
        cron_schedule="0 6 * * *",
        execution_timezone="UTC",
        name="daily_drift",
        description="Looks for drift every day at 06:00 UTC in each environment that is provisioned.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def daily_drift(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        provisioned = environments_with_state(stacks)
        if not provisioned:
            return dg.SkipReason("nothing is provisioned from this checkout")
        if shutil.which("terraform") is None:
            return dg.SkipReason("Terraform is not on the PATH")
        return [
            dg.RunRequest(
                run_key=f"{environment} {context.scheduled_execution_time:%Y-%m-%d}",
                run_config={"environment": environment},
            )
            for environment in provisioned
        ]

    return daily_drift


def environments_with_state(stacks: Path) -> list[str]:
    """The environments that have a state in this checkout, or all environments if the states are kept on S3."""
    found: set[str] = set()
    for stack in (stacks / name for name in STACKS):
        if (stack / OVERRIDE).exists():
            found |= {path.stem for path in (stacks.parent / "environments").glob("*.tfvars")}
        if (stack / "terraform.tfstate").exists():
            found.add(DEFAULT_ENVIRONMENT)
        found |= {path.parent.name for path in stack.glob("terraform.tfstate.d/*/terraform.tfstate")}
    return sorted(found)
