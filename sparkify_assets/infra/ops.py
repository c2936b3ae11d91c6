"""The ops of the infrastructure jobs (https://docs.dagster.io/guides/build/ops), one Terraform command or one
question to AWS each. No value passes between them: what a step needs of another lies in the run's private
folder (`stack`), so nothing of it gets into Dagster's storage.
"""

# No postponed annotations here: Dagster reads the config classes of a step from them.

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

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


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Turns what a person can put right into a failure of one line; its details stand beside it."""
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
    """An op that runs after another, hands nothing on and fails plainly."""

    def make(function: Callable[..., None]) -> dg.OpDefinition:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            with failing_plainly():
                function(*args, **kwargs)

        return dg.op(name=name, description=text, ins=AFTER, out=dg.Out(dg.Nothing), tags=TAGS, **options)(
            run
        )

    return make


def stack_of(context: dg.OpExecutionContext, terraform: TerraformResource, name: str) -> Stack:
    """A stack whose output goes to the log of a step."""
    return Stack(terraform, name, context.log.info)


# ---------------------------------------------------------------- one stack, from init to outputs


@functools.cache
def init(stack: str) -> dg.OpDefinition:
    """The op that makes a stack's folder ready."""

    @step(f"init_{stack}", "Providers as locked, backend as configured.")
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        stack_of(context, terraform, stack).init()

    return run


@functools.cache
def validate(stack: str) -> dg.OpDefinition:
    """The op that checks a stack's configuration."""

    @step(f"validate_{stack}", "The configuration in itself.")
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        stack_of(context, terraform, stack).validate()

    return run


@functools.cache
def plan(stack: str) -> dg.OpDefinition:
    """The op that makes and keeps a stack's plan."""

    @step(f"plan_{stack}", "What applying would do; nothing is changed. The plan is kept for this run.")
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        chosen = stack_of(context, terraform, stack)
        try:
            planned = chosen.plan()
        except TerraformError as error:
            if error.kind != "no foundation":
                raise
            context.log.warning(str(error.advice))
            context.add_output_metadata({"plan": f"not planned: {error.advice}"})
            return
        awake = planned.as_of_paused()
        if planned.changes != awake.changes and (cluster := cluster_of(chosen)) and cluster.without_nodes:
            context.log.info(f"Cluster {cluster.identifier} is {cluster.status}.")
            planned = awake
        _show(context, planned)

    return run


@functools.cache
def plan_destroy(stack: str) -> dg.OpDefinition:
    """The op that plans a stack's end."""

    @step(f"plan_destroy_{stack}", "What destroying would take away; nothing is changed.")
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        chosen = stack_of(context, terraform, stack)
        if chosen.resources():
            _show(context, chosen.plan(destroy=True))
        else:
            context.log.info(f"Nothing is there of {chosen}.")

    return run


@functools.cache
def destroy(stack: str) -> dg.OpDefinition:
    """The op that carries a planned end out."""

    @step(f"destroy_{stack}", "The very plan that was shown; nothing, where nothing was there.")
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        chosen = stack_of(context, terraform, stack)
        if chosen.planned:
            chosen.apply()

    return run


def _show(context: dg.OpExecutionContext, planned: Plan) -> None:
    context.log.info(planned.text())
    context.add_output_metadata(
        {
            "plan": planned.summary,
            "changes": dg.MetadataValue.md(planned.markdown()),
            "actions": dg.MetadataValue.json(planned.actions),
        }
    )


class Allowed(dg.Config):
    """What the guard lets through."""

    allow_destroying: list[str] = Field(default=[])


@functools.cache
def untaint(stack: str) -> dg.OpDefinition:
    """The op that keeps what an interrupted run had begun, where Terraform by itself would replace it."""

    @step(
        f"untaint_{stack}",
        "A cluster, bucket or key whose creation was interrupted is kept and finished, not replaced.",
    )
    def run(context: dg.OpExecutionContext, config: Allowed, terraform: TerraformResource) -> None:
        chosen = stack_of(context, terraform, stack)
        begun = chosen.read_plan().begun(config.allow_destroying)
        for change in begun:
            chosen.untaint(change.address)
        if any(change.type == "aws_redshift_cluster" for change in begun):
            cluster = cluster_state.find_cluster(chosen.cluster_identifier, chosen.region)
            if cluster:  # else Terraform finds out that it was never made
                cluster_state.wait_for_status(cluster, "available", context.log.info)
        if begun:
            _show(context, chosen.plan())

    return run


@functools.cache
def guard(stack: str) -> dg.OpDefinition:
    """The op that stops a plan which would lose data."""

    @step(
        f"guard_{stack}", "Stops where the plan would replace or delete the cluster, the bucket or the key."
    )
    def run(context: dg.OpExecutionContext, config: Allowed, terraform: TerraformResource) -> None:
        refused = stack_of(context, terraform, stack).read_plan().refused(config.allow_destroying)
        if refused:
            what = "; ".join(f"{change.action} {change.address}" for change in refused)
            because = "; ".join(str(d) for change in refused for d in change.differences if d.forces)
            raise InfrastructureError(
                f"stopped before anything was changed: the plan would {what}, and lose what it holds"
                f"{f' (because of {because})' if because else ''}."
                " If that is meant, name the address in allow_destroying"
            )

    return run


@functools.cache
def apply(stack: str) -> dg.OpDefinition:
    """The op that applies the kept plan."""

    @step(f"apply_{stack}", "The very plan that was shown.")
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        stack_of(context, terraform, stack).apply()

    return run


@functools.cache
def publish(stack: str) -> dg.OpDefinition:
    """The op that shows a stack's outputs, those that are not sensitive."""

    @step(
        f"publish_{stack}", "The outputs, as metadata; for the warehouse also on the asset redshift_cluster."
    )
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        outputs = {
            key: str(value) for key, value in stack_of(context, terraform, stack).outputs().items() if value
        }
        context.add_output_metadata(dict(outputs))
        if stack == "warehouse":
            context.log_event(dg.AssetMaterialization(CLUSTER, metadata=dict(outputs)))

    return run


# ---------------------------------------------------------------- the cluster


def cluster_of(stack: Stack) -> cluster_state.Cluster | None:
    """The warehouse stack's cluster, found by the stack's outputs; None where there is none."""
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
    "A paused cluster can be neither changed nor copied: resumes it first, if that is allowed.",
)
def wake_cluster(context: dg.OpExecutionContext, config: Waking, terraform: TerraformResource) -> None:
    """Resumes a paused cluster before its stack is applied, or destroyed with a final snapshot."""
    cluster = cluster_of(stack_of(context, terraform, "warehouse"))
    if cluster is None or not cluster.without_nodes:
        return
    if cluster.paused and not config.resume_paused:
        raise InfrastructureError(
            f"cluster {cluster.identifier} is paused: resume it, or allow it by resume_paused"
        )
    cluster_state.resume(cluster, context.log.info)


@step("wait_for_cluster", "Until the cluster answers from here; no login is tried.")
def wait_for_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
    """Waits until the cluster answers; fails within a minute, naming the ways in."""
    cluster = _existing_cluster(context, terraform)
    seconds = aws.wait_until_it_answers(cluster.host, cluster.port)
    context.add_output_metadata({"endpoint": f"{cluster.host}:{cluster.port}", "seconds": seconds})


@step("pause_cluster", "Pauses the cluster, and waits. Its nodes cost nothing then; its storage does.")
def pause_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
    """Pauses the cluster, unless loads run."""
    refuse_while_loads_run(context)
    cluster_state.pause(_existing_cluster(context, terraform), context.log.info)


@step("resume_cluster", "Resumes the cluster, and waits until it answers.")
def resume_cluster(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
    """Resumes the cluster."""
    cluster = _existing_cluster(context, terraform)
    cluster_state.resume(cluster, context.log.info)


# ---------------------------------------------------------------- the end


_FINISHED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def refuse_while_loads_run(context: dg.OpExecutionContext) -> None:
    """Raises InfrastructureError while any run that is not about the infrastructure is under way or queued."""
    end_killed_runs(context.instance)
    unfinished = [status for status in dg.DagsterRunStatus if status not in _FINISHED]
    runs = context.instance.get_runs(dg.RunsFilter(statuses=unfinished))
    busy = [run for run in runs if INFRASTRUCTURE_TAG not in run.tags]
    if busy:
        named = ", ".join(f"{run.job_name} {run.run_id[:8]} ({run.status.value.lower()})" for run in busy[:5])
        raise InfrastructureError(f"refused while loads run: {named}. Wait for them, or cancel them")
