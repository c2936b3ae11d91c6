"""The ops of the infrastructure jobs (https://docs.dagster.io/guides/build/ops), each of them one Terraform command or
one question to AWS. They pass no values: what one op leaves for another lies in the run's private folder (`stack`), so
that none of it gets into Dagster's storage.

Belongs here: what each op does. Does not: their order (`jobs`), what surrounds a destruction (`destroy_ops`).
"""

# Annotations are not postponed here, because Dagster reads the config class of an op from them.

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError

from sparkify_assets.defs.instance import end_killed_runs
from sparkify_assets.errors import SparkifyError
from sparkify_assets.infra import InfrastructureError, aws
from sparkify_assets.infra.plan import Plan
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import TerraformError, TerraformResource
from sparkify_assets.warehouse import cluster_state

#: The external asset that stands for the cluster.
CLUSTER = dg.AssetKey("redshift_cluster")

#: Jobs with this tag never run loads, and loads never wait for them.
INFRASTRUCTURE_TAG = "sparkify/infrastructure"

AFTER = {"start": dg.In(dg.Nothing)}
TAGS = {"dagster/compute_kind": "terraform"}

#: The addresses that a plan may replace or delete although they hold data.
_ALLOWED = {"allow_destroying": dg.Field([str], default_value=[])}


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Turn an error that a person can put right into a failure of one line, with the details in its metadata."""
    try:
        yield
    except TerraformError as error:
        details = "\n".join(f"* {diagnostic}" for diagnostic in error.diagnostics)
        raise dg.Failure(
            str(error), {"terraform": dg.MetadataValue.md(details)}, allow_retries=False
        ) from None
    except SparkifyError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except (BotoCoreError, ClientError) as error:
        raise dg.Failure(str(aws.describe_error(error)), allow_retries=False) from None


def step(name: str, text: str, **options: Any) -> Callable[[Callable[..., None]], dg.OpDefinition]:
    """Make a function an op that runs after another one, returns nothing and fails plainly."""

    def make(function: Callable[..., None]) -> dg.OpDefinition:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            with failing_plainly():
                function(*args, **kwargs)

        return dg.op(name=name, description=text, ins=AFTER, out=dg.Out(dg.Nothing), tags=TAGS, **options)(
            run
        )

    return make


def stack_step(
    name: str, text: str, **options: Any
) -> Callable[[Callable[[dg.OpExecutionContext, Stack], None]], Callable[[str], dg.OpDefinition]]:
    """Make a function of a stack an op for each stack: what it becomes takes a stack's name and returns that op.

    `name` holds `{}` where the stack's name goes; `options` are those of `dg.op`.
    """

    def make(function: Callable[[dg.OpExecutionContext, Stack], None]) -> Callable[[str], dg.OpDefinition]:
        @functools.cache
        def op_of(stack: str) -> dg.OpDefinition:
            @step(name.format(stack), text, **options)
            def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
                function(context, stack_of(context, terraform, stack))

            return run

        return op_of

    return make


def stack_of(context: dg.OpExecutionContext, terraform: TerraformResource, name: str) -> Stack:
    """A stack whose output goes to the log of an op."""
    return Stack(terraform, name, context.log.info)


# ---------------------------------------------------------------- one stack, from init to outputs


@stack_step("init_{}", "Installs the locked providers and configures the backend.")
def init(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Make a stack's working folder ready."""
    stack.init()


@stack_step("validate_{}", "Checks the configuration by itself.")
def validate(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Check a stack's configuration."""
    stack.validate()


@stack_step("plan_{}", "Says what applying would do, and changes nothing. The plan is kept for this run.")
def plan(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Make a stack's plan and keep it."""
    try:
        planned = stack.plan()
    except TerraformError as error:
        if error.kind != "no foundation":
            raise
        context.log.warning(str(error.advice))
        context.add_output_metadata({"plan": f"not planned: {error.advice}"})
        return
    awake = planned.as_of_paused()
    if planned.changes != awake.changes and (cluster := cluster_of(stack)) and cluster.without_nodes:
        context.log.info(f"Cluster {cluster.identifier} is {cluster.status}.")
        planned = awake
    _show(context, planned)


@stack_step("plan_destroy_{}", "Says what destroying would take away, and changes nothing.")
def plan_destroy(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Plan a stack's destruction."""
    if stack.resources():
        _show(context, stack.plan(destroy=True))
    else:
        context.log.info(f"Nothing is there of {stack}.")


@stack_step("destroy_{}", "Applies exactly the plan that was shown, or nothing where nothing was there.")
def destroy(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Carry out a planned destruction."""
    if stack.planned:
        stack.apply()


def _show(context: dg.OpExecutionContext, planned: Plan) -> None:
    context.log.info(planned.text())
    context.add_output_metadata(
        {
            "plan": planned.summary,
            "changes": dg.MetadataValue.md(planned.markdown()),
            "actions": dg.MetadataValue.json(planned.actions),
        }
    )


@stack_step(
    "untaint_{}",
    "Keeps and finishes a cluster, bucket or key whose creation was interrupted, instead of replacing it.",
    config_schema=_ALLOWED,
)
def untaint(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Keep what an interrupted run had begun, which Terraform by itself would replace."""
    begun = stack.read_plan().begun(context.op_config["allow_destroying"])
    for change in begun:
        stack.untaint(change.address)
    if any(change.type == "aws_redshift_cluster" for change in begun):
        cluster = cluster_state.find_cluster(stack.cluster_identifier, stack.region)
        if cluster:  # otherwise Terraform finds out that it was never made
            cluster_state.wait_for_status(cluster, "available", context.log.info)
    if begun:
        _show(context, stack.plan())


@stack_step(
    "guard_{}",
    "Stops where the plan would replace or delete the cluster, the bucket or the key.",
    config_schema=_ALLOWED,
)
def guard(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Stop a plan that would lose data."""
    refused = stack.read_plan().refused(context.op_config["allow_destroying"])
    if refused:
        what = "; ".join(f"{change.action} {change.address}" for change in refused)
        because = "; ".join(str(d) for change in refused for d in change.differences if d.forces)
        raise InfrastructureError(
            f"stopped before anything was changed: the plan would {what}, and lose what it holds"
            f"{f' (because of {because})' if because else ''}."
            " If that is meant, name the address in allow_destroying"
        )


@stack_step("apply_{}", "Applies exactly the plan that was shown.")
def apply(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Apply the plan that was kept."""
    stack.apply()


@stack_step(
    "publish_{}", "Shows the outputs as metadata, those of the warehouse also on asset redshift_cluster."
)
def publish(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Show a stack's outputs that are not sensitive."""
    outputs = {name: str(value) for name, value in stack.outputs().items() if value}
    context.add_output_metadata(dict(outputs))
    if stack.name == "warehouse":
        context.log_event(dg.AssetMaterialization(CLUSTER, metadata=dict(outputs)))


# ---------------------------------------------------------------- the cluster


def cluster_of(stack: Stack) -> cluster_state.Cluster | None:
    """The warehouse stack's cluster, found by the stack's outputs, or None."""
    identifier = stack.outputs().get("cluster_identifier")
    return cluster_state.find_cluster(identifier, stack.region) if identifier else None


def _existing_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> cluster_state.Cluster:
    cluster = cluster_of(stack_of(context, terraform, "warehouse"))
    if cluster is None:
        raise InfrastructureError(
            f"there is no cluster in environment {terraform.environment}: provision it first"
        )
    return cluster


class Waking(dg.Config):
    """Whether a paused cluster may be resumed."""

    resume_paused: bool = True


@step(
    "wake_cluster",
    "Resumes a paused cluster first, if that is allowed, because it can be neither changed nor copied.",
)
def wake_cluster(context: dg.OpExecutionContext, config: Waking, terraform: TerraformResource) -> None:
    """Resume a paused cluster before its stack is applied, or destroyed with a final snapshot."""
    cluster = cluster_of(stack_of(context, terraform, "warehouse"))
    if cluster is None or not cluster.without_nodes:
        return
    if cluster.paused and not config.resume_paused:
        raise InfrastructureError(
            f"cluster {cluster.identifier} is paused: resume it, or allow it by resume_paused"
        )
    cluster_state.resume(cluster, context.log.info)


@step("wait_for_cluster", "Waits until the cluster answers from here, without logging in.")
def wait_for_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
    """Wait until the cluster answers, or fail within a minute and name the ways in."""
    cluster = _existing_cluster(context, terraform)
    seconds = aws.wait_until_it_answers(cluster.host, cluster.port)
    context.add_output_metadata({"endpoint": f"{cluster.host}:{cluster.port}", "seconds": seconds})


@step("pause_cluster", "Pauses the cluster and waits. From then on only its storage is paid for.")
def pause_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
    """Pause the cluster unless loads run."""
    refuse_while_loads_run(context)
    cluster_state.pause(_existing_cluster(context, terraform), context.log.info)


@step("resume_cluster", "Resumes the cluster and waits until it is available.")
def resume_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
    """Resume the cluster."""
    cluster = _existing_cluster(context, terraform)
    cluster_state.resume(cluster, context.log.info)


_FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def refuse_while_loads_run(context: dg.OpExecutionContext) -> None:
    """Raise InfrastructureError while any run that is not about the infrastructure is queued or in progress."""
    end_killed_runs(context.instance)
    unfinished = [status for status in dg.DagsterRunStatus if status not in _FINISHED]
    runs = context.instance.get_runs(dg.RunsFilter(statuses=unfinished))
    busy = [run for run in runs if INFRASTRUCTURE_TAG not in run.tags]
    if busy:
        named = ", ".join(f"{run.job_name} {run.run_id[:8]} ({run.status.value.lower()})" for run in busy[:5])
        raise InfrastructureError(f"refused while loads run: {named}. Wait for them, or cancel them")
