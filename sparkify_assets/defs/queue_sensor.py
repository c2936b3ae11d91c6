"""The sensor that loads what S3 announces, where SPARKIFY_QUEUE names a queue; one for songs and events alike.

A tick with nothing new costs one call of SQS, however many objects the source has. What is announced is compared with
the ledger, by a listing of the few folders that are concerned, so that messages which come twice, late or out of order
do no harm. Nothing is lost wherever a tick is killed; `announced` explains when messages are deleted.

Belongs here: ticks over a queue. Does not: SQS (`source.queue`), what is kept between ticks (`announced`), which runs
are requested (`arrival_runs`), messages that never came (`maintenance.reconcile_source` finds their objects).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from sparkify_assets.defs.announced import Announced, ReceiptFile
from sparkify_assets.defs.arrival_runs import arrival_job, doubt, in_progress, load_everything, requests
from sparkify_assets.defs.listing_cache import DEBOUNCE_OBJECTS, MAX_DEBOUNCED_POLLS
from sparkify_assets.defs.sensors import TICK_SECONDS
from sparkify_assets.errors import describe_error
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import DATASETS, Partition, left_out, named, partition_of
from sparkify_assets.settings import Settings
from sparkify_assets.source.queue import HIDDEN_SECONDS, ArrivalQueue, Received, open_queue
from sparkify_assets.source.store import SourceError

#: How many messages a tick names that nobody can read.
MAX_NAMED = 3

#: For how many seconds SQS hides a message at most
#: (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
MOST_HIDDEN_SECONDS = 43_200


def queue_sensor(settings: Settings, load: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor for the queue that the settings name. `load` is the job that loads songs and days."""
    jobs = {dataset: arrival_job(dataset) for dataset in DATASETS}

    @dg.sensor(
        name="queue_arrivals",
        jobs=[load, *jobs.values()],
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus[settings.at_first],
        description="Loads what came, changed or went, as S3's notifications in the queue say.",
    )
    def queue_arrivals(context: dg.SensorEvaluationContext, loader: dg.ResourceParam[Loader]) -> Any:
        announced = Announced.from_cursor(context.cursor, settings)
        if announced is None:
            # Nobody has announced what was there before, so one run compares everything.
            announced = Announced.of(settings)
            context.update_cursor(announced.to_cursor())
            return load_everything(settings, run_key=f"start:{announced.id}")
        receipts = ReceiptFile(settings)
        try:
            with receipts.locked():
                runs, said = tick(announced, receipts, loader, open_queue(settings), context.instance)
        except BlockingIOError:
            return dg.SkipReason("An earlier look at the queue has not ended yet.")
        context.update_cursor(announced.to_cursor())
        if runs:
            for line in said:  # the page shows a reason only of a tick that requests nothing
                context.log.info(line)
        return runs or dg.SkipReason(" ".join(said) or "Nothing new.")

    return queue_arrivals


def tick(
    announced: Announced,
    receipts: ReceiptFile,
    loader: Loader,
    queue: ArrivalQueue,
    instance: dg.DagsterInstance,
) -> tuple[list[dg.RunRequest], list[str]]:
    """Take the messages that wait and note what they announce; return the runs that are needed, and what there is to
    say.

    Raises whatever keeps it from comparing, unless there is something to note first: a tick that fails cannot set the
    cursor, so the messages would come again and again until SQS gives them up.
    """
    ends = time.monotonic() + TICK_SECONDS
    runs: list[dg.RunRequest] = []
    received, said = _receive(announced, receipts, queue, loader.settings)
    announced.partitions |= {partition for key in received.keys if (partition := partition_of(key))}
    try:
        if _more_will_follow(announced, len(received.keys)):
            said.append("Many files are arriving; waits until all are there.")
        elif announced.partitions:
            runs = _runs(announced, loader, instance, lambda: time.monotonic() < ends, said)
    except Exception as error:
        if not received.receipts:
            raise
        said.append(
            f"{named(announced.partitions)}: noted, but not compared with the ledger: {describe_error(error)}"
        )
    if received.receipts:  # without any, those that could not be deleted stay in the file
        announced.renew()
        try:
            receipts.write(announced.id, received.receipts.values())
        except OSError as error:
            said.append(f"The messages are noted, and come again: {describe_error(error)}")
    return runs, said


def _receive(
    announced: Announced, receipts: ReceiptFile, queue: ArrivalQueue, settings: Settings
) -> tuple[Received, list[str]]:
    """Delete what the last tick received, as what it said is recorded now, and receive what waits since.

    A queue that does not answer keeps what it holds, and does not keep anybody from loading what is noted. Raises
    SourceError if it will not answer tomorrow either.
    """
    ends = time.monotonic() + TICK_SECONDS
    try:
        if handles := receipts.recorded_by(announced.id):
            queue.delete(handles)
            receipts.forget()
        received = queue.receive(
            hidden=hidden_seconds(settings.sensor_seconds),
            patience=lambda: time.monotonic() < ends,
        )
    except SourceError as error:
        if not (error.transient or announced.partitions):
            raise
        return Received(), [f"The queue does not answer, and keeps what it holds: {error}"]
    said = []
    all_of_them = len(received.receipts) + len(received.poison)
    if received.broken:
        said.append(f"The queue stopped answering after {all_of_them} messages: {received.broken}")
    if received.foreign:
        said.append(f"Ignored {received.foreign} of {all_of_them} messages, which are not about the source.")
    if received.poison:
        some = "; ".join(f"{name}: {why}" for name, why in list(received.poison.items())[:MAX_NAMED])
        said.append(
            f"Left {len(received.poison)} of {all_of_them} messages for the dead-letter queue: {some}."
        )
    return received, said


def hidden_seconds(interval: int) -> int:
    """For how long a tick hides what it receives: until the next tick, if that begins late, has surely deleted it."""
    return min(max(HIDDEN_SECONDS, 2 * interval + 60), MOST_HIDDEN_SECONDS)


def _more_will_follow(announced: Announced, objects: int) -> bool:
    """Whether so many objects were announced at once that one run should load them together with those that follow."""
    many = objects >= DEBOUNCE_OBJECTS and announced.put_off < MAX_DEBOUNCED_POLLS
    announced.put_off = announced.put_off + 1 if many else 0
    return many


def _runs(
    announced: Announced,
    loader: Loader,
    instance: dg.DagsterInstance,
    patience: Callable[[], bool],
    said: list[str],
) -> list[dg.RunRequest]:
    """The runs for what is announced and not loaded. What turns out to be loaded is no longer announced."""
    early = {partition for partition in announced.partitions if begins_later(partition, loader.settings)}
    if early:
        said.append(f"{named(early)}: not begun yet; what came is loaded then.")
    waits = {p.dataset: in_progress(p.dataset, instance) for p in announced.partitions - early}
    said += sorted({reason for reason in waits.values() if reason})
    if not (free := {p for p in announced.partitions - early if not waits[p.dataset]}):
        return []
    listed = loader.listed(free, patience)
    plan = loader.plan_some(listed)
    pending = {partition for dataset in DATASETS for partition in plan.pending(dataset)}
    announced.partitions -= listed.keys() - pending
    said += [f"Not loaded: {line}." for line in left_out(plan.outside)]
    if not pending and not plan.outside:
        said.append("Nothing to load: what was announced is in the ledger.")
    elif why := doubt(plan, loader):
        said.append(why)
        return []
    runs: list[dg.RunRequest] = []
    for dataset in DATASETS:
        found, waiting = requests(dataset, plan, instance, narrow=True)
        runs += found
        said += waiting
    return runs


def begins_later(partition: Partition, settings: Settings) -> bool:
    """Whether a load leaves a day out only because it begins later, as one may where it is ahead of UTC."""
    if partition.dataset != "events" or settings.last_day:
        return False
    return date.fromisoformat(partition.key) > datetime.now(UTC).date()
