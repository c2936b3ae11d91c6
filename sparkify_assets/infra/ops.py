"""The ops of the infrastructure jobs (https://docs.dagster.io/guides/build/ops), each of them one Terraform command or
one question to AWS. They pass no values: what one op leaves for another lies in the run's private folder (`stack`), so
that none of it gets into Dagster's storage.

Belongs here: what each op does. Does not: their order (`jobs`), what surrounds a destruction (`destroy_ops`).
"""

# Annotations are not postponed here, because Dagster reads the context and the resources of an op from them.

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError
from python_terraform import IsFlagged

from sparkify_assets.defs.instance import end_killed_runs
from sparkify_assets.errors import SparkifyError
from sparkify_assets.infra import InfrastructureError, aws
from sparkify_assets.infra.existing import Account
from sparkify_assets.infra.forecast import foresee
from sparkify_assets.infra.orphans import orphans
from sparkify_assets.infra.plan import Plan
from sparkify_assets.infra.stack import ORCHESTRATOR, Stack
from sparkify_assets.infra.terraform import TerraformError, TerraformResource
from sparkify_assets.interruption import pause
from sparkify_assets.warehouse import cluster_state, workgroup_state
from sparkify_assets.warehouse.service import Found

#: The external asset that stands for the cluster.
CLUSTER = dg.AssetKey("redshift_cluster")

#: Jobs with this tag never run loads, and loads never wait for them.
INFRASTRUCTURE_TAG = "sparkify/infrastructure"

AFTER = {"start": dg.In(dg.Nothing)}
TAGS = {"dagster/compute_kind": "terraform"}

#: The kinds of failure of a plan that the foundation's own apply puts right.
WAITING = ("no foundation", "half foundation", "unprepared foundation")

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


#: What takes the name of a stack and returns the op for it.
Step = Callable[[str], dg.OpDefinition]


def step(name: str, **options: Any) -> Callable[[Callable[[dg.OpExecutionContext, Stack], None]], Step]:
    """Make a function of a stack a step, whose ops run after another one, pass nothing on and fail plainly. The
    function's docstring is the description of the ops.

    `name` holds `{}` where the stack's name goes, if the step is for both. `options` are those of `dg.op`.
    """

    def make(function: Callable[[dg.OpExecutionContext, Stack], None]) -> Step:
        @functools.cache
        def op_of(stack: str) -> dg.OpDefinition:
            def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
                with failing_plainly():
                    function(context, Stack(terraform, stack, context.log.info))

            run.__doc__ = function.__doc__
            op = dg.op(name=name.format(stack), ins=AFTER, out=dg.Out(dg.Nothing), tags=TAGS, **options)
            return op(run)

        return op_of

    return make


# ---------------------------------------------------------------- one stack, from init to outputs


@step("init_{}")
def init(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Installs the locked providers and configures the backend."""
    stack.init()


@step("validate_{}")
def validate(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Checks the configuration by itself."""
    stack.validate()


@step("plan_{}")
def plan(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Says what applying would do, and changes nothing. The plan is kept for this run."""
    try:
        planned = stack.plan()
    except TerraformError as error:
        if error.kind not in WAITING:
            raise
        context.log.info("The foundation is not ready yet. After it, this would be made:")
        planned = foresee(stack)
    show_plan(context, _awake(context, stack, planned))


@step("foresee_{}")
def foresee_stack(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Plans the stack on a foundation that is still to be made, so that what cannot be is refused before."""
    if "add" in replace(stack, name="foundation").read_plan().actions.values():
        context.log.info(f"{stack} can follow: {foresee(stack).summary}.")


def _awake(context: dg.OpExecutionContext, stack: Stack, planned: Plan) -> Plan:
    """The plan without what only a pause of the cluster makes of it."""
    awake = planned.as_of_paused()
    if planned.changes != awake.changes and (cluster := cluster_of(stack)) and cluster.without_nodes:
        context.log.info(f"Cluster {cluster.identifier} is {cluster.status}.")
        return awake
    return planned


@step("plan_destroy_{}")
def plan_destroy(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Says what destroying would take away, and changes nothing. What is in the state now is noted for the proof."""
    stack.note_owned()
    if stack.resources():
        show_plan(context, stack.plan(destroy=IsFlagged))
    else:
        context.log.info(f"Nothing is there of {stack}.")


@step("destroy_{}")
def destroy(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Applies exactly the plan that was shown, or nothing where nothing was there."""
    if stack.planned:
        stack.apply()


def show_plan(context: dg.OpExecutionContext, planned: Plan) -> None:
    """Log a plan, and add it to the step's metadata."""
    context.log.info(planned.text())
    context.add_output_metadata(
        {
            "plan": planned.summary,
            "changes": dg.MetadataValue.md(planned.markdown()),
            "actions": dg.MetadataValue.json(planned.actions),
        }
    )


@step("untaint_{}", config_schema=_ALLOWED)
def untaint(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Keeps and finishes a cluster, bucket or key whose creation was interrupted, instead of replacing it."""
    begun = stack.read_plan().begun(context.op_config["allow_destroying"])
    for change in begun:
        stack.untaint(change.address)
    if any(change.type == "aws_redshift_cluster" for change in begun):
        cluster = cluster_state.find_cluster(stack.cluster_identifier, stack.region)
        if cluster:  # otherwise Terraform finds out that it was never made
            cluster_state.wait_for_status(cluster, "available", context.log.info)
    if begun:
        show_plan(context, stack.plan())


@step("guard_{}", config_schema=_ALLOWED)
def guard(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Stops where the plan would replace or delete the cluster, the bucket or the key, or take the network from below
    Dagster's own home.
    """
    if stack.name == "foundation":
        _refuse_to_forget(replace(stack, name=ORCHESTRATOR))
    refused = stack.read_plan().refused(context.op_config["allow_destroying"])
    if refused:
        what = "; ".join(f"{change.action} {change.address}" for change in refused)
        because = "; ".join(str(d) for change in refused for d in change.differences if d.forces)
        raise InfrastructureError(
            f"stopped before anything was changed: the plan would {what}, and lose what it holds"
            f"{f' (because of {because})' if because else ''}."
            " If that is meant, name the address in allow_destroying"
        )


def _refuse_to_forget(home: Stack) -> None:
    """Stop where the environment's file no longer sets a stack that stands: no job would change or watch it."""
    if not home.wanted and home.stands:
        raise InfrastructureError(
            f"stopped before anything was changed: {home} stands, and {home.variables} does not set {home.name} any"
            " more. Set it again; or destroy it first:"
            f" `sparkify infra destroy --env {home.environment} --orchestrator-too`, which ends the warehouse as well"
            " but for its final snapshot"
        )


@step("apply_{}")
def apply(_: dg.OpExecutionContext, stack: Stack) -> None:
    """Applies exactly the plan that was shown. Of one that is killed, what AWS has and the state has not is named."""
    try:
        stack.apply()
    except TerraformError as error:
        if error.killed and (left := _left_behind(stack)):
            raise InfrastructureError(f"{error}. Now AWS has, and the state does not: {left}") from None
        raise


def _left_behind(stack: Stack) -> str:
    """What carries the stack's tags and is not in its state, as far as that can be found out."""
    account = Account(stack.environment, stack.region)
    with suppress(BotoCoreError, ClientError, TerraformError):
        return ", ".join(map(str, orphans(account, stack.name, stack.declared().identities)))
    return ""


#: How many seconds AWS is given to show what was just changed: it is eventually consistent
#: (https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html).
SETTLE_SECONDS = 15.0


@step("prove_{}_applied")
def prove_applied(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Proves that nothing is left to do, by a plan that has to be empty.

    What the provider does not do when it makes a thing, but does when it changes it, is applied once more: it drops
    availability_zone_relocation_enabled = false from CreateCluster, for instance.
    """
    if stack.planned:  # an apply removes its plan, so this one had nothing to do
        return
    left = _left_to_do(context, stack)
    if left.changes and all(change.action == "change" for change in left.changes):
        context.log.info(f"AWS does not show all of it yet, and it is applied once more:\n{left.text()}")
        pause(SETTLE_SECONDS)
        left = _left_to_do(context, stack)
        if left.changes and all(change.action == "change" for change in left.changes):
            stack.apply()
            left = _left_to_do(context, stack)
    if left.applicable:
        raise InfrastructureError(
            f"{stack} was applied, but its plan is not empty and never becomes so: {_named(left)}. The provider can't"
            " make this change, or something on AWS takes it back. Change it on AWS by hand, or have the configuration"
            " say what is there, and launch again; until then every apply and detect_drift will name it"
        )


def _left_to_do(context: dg.OpExecutionContext, stack: Stack) -> Plan:
    return _awake(context, stack, stack.plan())


def _named(plan: Plan) -> str:
    """What a plan would do in one line: each address with its attributes, or the outputs where nothing else changes."""
    named = [
        f"{c.action} {c.address}" + (f" ({'; '.join(c.lines)})" if c.lines else "") for c in plan.changes
    ]
    return "; ".join(named) or "only its outputs change"


@step("publish_{}")
def publish(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Shows the outputs as metadata, those of the warehouse also on asset redshift_cluster."""
    outputs = {name: str(value) for name, value in stack.outputs().items() if value}
    context.add_output_metadata(dict(outputs))
    if stack.name == "warehouse":
        context.log_event(dg.AssetMaterialization(CLUSTER, metadata=dict(outputs)))


@dg.op(ins=AFTER, out={"go_on": dg.Out(dg.Nothing, is_required=False)})
def choose_orchestrator(_: dg.OpExecutionContext, terraform: TerraformResource) -> Iterator[dg.Output[None]]:
    """Continues to Dagster's own home only in an environment that has one."""
    with failing_plainly():
        if Stack(terraform, ORCHESTRATOR).wanted:
            yield dg.Output(None, "go_on")


# ---------------------------------------------------------------- the cluster


def cluster_of(stack: Stack) -> Found | None:
    """The warehouse stack's cluster or workgroup, found by the stack's outputs, or None."""
    outputs = stack.outputs()
    if workgroup := outputs.get("workgroup_name"):
        return workgroup_state.find_workgroup(workgroup, stack.region)
    identifier = outputs.get("cluster_identifier")
    return cluster_state.find_cluster(identifier, stack.region) if identifier else None


def _existing_cluster(stack: Stack) -> Found:
    if cluster := cluster_of(stack):
        return cluster
    raise InfrastructureError(f"there is no warehouse in environment {stack.environment}: provision it first")


@step("wake_cluster", config_schema={"resume_paused": dg.Field(bool, default_value=True)})
def wake_cluster(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Resumes a paused cluster first, if that is allowed, because it can be neither changed nor copied."""
    cluster = cluster_of(stack)
    if cluster is None or not cluster.without_nodes:
        return
    if cluster.paused and not context.op_config["resume_paused"]:
        raise InfrastructureError(
            f"cluster {cluster.identifier} is paused: resume it, or allow it by resume_paused"
        )
    cluster.resume(context.log.info)


@step("wait_for_cluster")
def wait_for_cluster(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Waits until the cluster answers from here, without logging in, or fails within a minute."""
    cluster = _existing_cluster(stack)
    seconds = aws.wait_until_it_answers(cluster.host, cluster.port)
    context.add_output_metadata({"endpoint": f"{cluster.host}:{cluster.port}", "seconds": seconds})


@step("pause_cluster")
def pause_cluster(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Pauses the cluster unless loads run, and waits. From then on only its storage is paid for. Serverless has nothing
    to pause.
    """
    refuse_while_loads_run(context)
    said = _existing_cluster(stack).pause(context.log.info)
    context.add_output_metadata({"said": said})


@step("resume_cluster")
def resume_cluster(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Resumes the cluster and waits until it is available."""
    _existing_cluster(stack).resume(context.log.info)


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
