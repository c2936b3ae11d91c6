"""The whole life of a cluster in one command: it is provisioned, set up, loaded, checked, shown and destroyed.

Belongs here: the order of the phases, and ending as asked whatever happens. Does not: what a phase does (`infra`,
`load`), how it is printed (`dev`).
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from sparkify_assets.errors import SparkifyError
from sparkify_assets.infra.prices import NODE_USD_PER_HOUR
from sparkify_assets.inspection.findings import check_results
from sparkify_assets.load.loader import Loader, open_loader
from sparkify_assets.model.datasets import partition_of
from sparkify_assets.run import run_load
from sparkify_assets.settings import Settings
from sparkify_assets.source.s3 import READERS
from sparkify_assets.source.store import ObjectStore
from sparkify_assets.source.urls import open_source
from sparkify_assets.warehouse.cluster import with_options
from sparkify_assets.warehouse.cluster_state import find_cluster
from sparkify_assets.warehouse.connection import Warehouse

End = Literal["keep", "pause", "destroy"]


class ClusterRunError(SparkifyError):
    """A phase failed in a way that a person can put right; one line."""


@dataclass
class ClusterRun:
    """One run. `say` receives each line for the person who waits, `show` the settings and the loaded warehouse."""

    settings: Settings
    environment: str
    say: Callable[[str], None]
    show: Callable[[Settings, Warehouse], None]
    end: End = "destroy"
    end_after_failure: End = "destroy"
    foundation_too: bool = False
    phases: dict[str, float] = field(default_factory=dict)  # seconds
    usd_per_hour: float = 0.0

    def run(self) -> None:
        """Go through all phases. Whatever happens, Ctrl-C and SIGTERM included, end as asked and say what is left.

        Raises ClusterRunError, InfrastructureError, what the other phases raise, and KeyboardInterrupt.
        """
        self._refuse_without_data()
        started = time.monotonic()
        with _terminated_as_interrupted():
            try:
                self._run_phases()
            except BaseException as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                self.say(f"Stopped after {', '.join(self.phases) or 'nothing'}: {reason}")
                self._finish(self.end_after_failure)
                raise
            else:
                self._finish(self.end)
            finally:
                hours = (time.monotonic() - started) / 3600
                self.say(
                    f"{hours * 60:.1f} minutes: "
                    + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.phases.items())
                    + f". The cluster cost about {self.usd_per_hour * hours:.2f} USD"
                    f" ({self.usd_per_hour:.2f} an hour; terraform/cost.md)."
                )

    def _refuse_without_data(self) -> None:
        """Check what can be known before anything costs money. Raises ClusterRunError, SourceError."""
        if not any(partition_of(item.key) for item in open_source(self.settings).list()):
            raise ClusterRunError(f"there is nothing to load in {self.settings.source}; nothing was made")

    def _run_phases(self) -> None:
        with self._phase("provision"):
            made = self._job("provision_infrastructure")
            self.say(f"The cluster answers at {made['wait_for_cluster.endpoint']}.")
        settings = self._settings(made)
        loader = open_loader(settings, log=self.say)
        with self._phase("tables"):
            loader.warehouse.bootstrap()
            self.usd_per_hour = _price(loader.warehouse)
        if self.settings.source.startswith("file:"):
            with self._phase("upload"):
                sent = mirror(open_source(self.settings), loader.source)
                self.say(f"{sent:,} files sent to {settings.source}.")
        with self._phase("load"):
            self._load(loader)
        with self._phase("checks"):
            self._check(loader)
        self.show(settings, loader.warehouse)

    def _settings(self, made: dict[str, Any]) -> Settings:
        """The settings for the new cluster, from the stacks' outputs. Options in SPARKIFY_WAREHOUSE are kept."""
        given = urlsplit(self.settings.warehouse)
        options = dict(parse_qsl(given.query)) if given.scheme == "redshift" else {}
        from_files = self.settings.source.startswith("file:")
        return dataclasses.replace(
            self.settings,
            source=made["publish_warehouse.source_url"] if from_files else self.settings.source,
            work=made["publish_warehouse.work_url"],
            warehouse=with_options(made["publish_warehouse.warehouse_url"], **options),
            region=made["publish_warehouse.region"],
        )

    def _load(self, loader: Loader) -> None:
        plan = loader.plan()
        songs = [partition.key for partition in plan.pending("songs")]
        days = [partition.key for partition in plan.pending("events")]
        if not songs and not days:
            self.say("Everything is loaded already.")
            return
        report = run_load(loader, plan, songs=songs, days=days)
        items = report.done.partitions
        done = "Loaded" if report.succeeded else "Not all: loaded"
        self.say(
            f"{done} {sum(item.objects for item in items):,} files of {len(items):,} partitions:"
            f" {sum(item.rows_staged for item in items):,} rows staged,"
            f" {sum(item.rows_quarantined for item in items):,} rejected."
        )
        if not report.succeeded:
            raise ClusterRunError(
                "; ".join([*map(str, report.not_loaded), *report.errors]) or "the load failed"
            )

    def _check(self, loader: Loader) -> None:
        with loader.warehouse.transaction(lock=False) as transaction:
            results = check_results(transaction, loader.settings)
        failed = [
            f"{check.name} ({outcome.violations:,}{'' if blocks else ', a warning'})"
            for check, blocks, outcome in results
            if outcome.violations
        ]
        self.say(f"{len(results)} checks asked; {'; '.join(failed) or 'all passed'}.")
        if any(blocks and outcome.violations for _, blocks, outcome in results):
            raise ClusterRunError("blocking checks found rows in what is published")

    def _finish(self, end: End) -> None:
        """End as asked, and say what is left even if that fails."""
        try:
            if end == "pause":
                with self._phase("pause"):
                    self._job("pause_warehouse")
            elif end == "destroy":
                with self._phase("destroy"):
                    self._destroy()
        except BaseException as error:
            self.say(f"Not ended: {' '.join(str(error).split()) or type(error).__name__}")
            raise
        finally:
            self._say_what_is_left()

    def _destroy(self) -> None:
        from sparkify_assets.infra.run import outputs

        bucket = outputs(self.environment)["foundation"].get("landing_bucket", "")
        gone = self._job(
            "destroy_infrastructure",
            confirm=self.environment,
            foundation_too=self.foundation_too,
            confirm_data_loss=bucket if self.foundation_too else "",
        )
        for stack in ("warehouse", "foundation"):
            for line in str(gone.get(f"prove_{stack}_gone.stays", "")).splitlines():
                self.say(f"Stays: {line.removeprefix('* ')}")

    def _say_what_is_left(self) -> None:
        from sparkify_assets.infra.run import open_terraform
        from sparkify_assets.infra.stack import STACKS, Stack

        with open_terraform(self.environment) as terraform:
            left = {name: Stack(terraform, name, lambda _: None).resources() for name in STACKS}
        if not any(left.values()):
            self.say(f"Nothing is left of environment {self.environment}.")
        for name, addresses in left.items():
            if addresses:
                self.say(
                    f"Left of {name}: {len(addresses)} resources, such as {', '.join(_most_expensive(addresses))}."
                )
        if any(left.values()):
            too = " --foundation-too" if left["foundation"] else ""
            self.say(f"To destroy it: sparkify infra destroy --env {self.environment}{too}")

    def _job(self, name: str, **config: Any) -> dict[str, Any]:
        """Run an infrastructure job; return the metadata of its ops by `op.name`. Raises InfrastructureError."""
        from sparkify_assets.infra.run import launch

        return launch(name, {"environment": self.environment, **config})

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self.say(f"[{name}]")
        started = time.monotonic()
        yield
        self.phases[name] = time.monotonic() - started


def mirror(source: ObjectStore, landing: ObjectStore) -> int:
    """Copy a source to the landing zone, except for objects of the same size; return how many were copied."""
    there = {item.key: item.size for item in landing.list()}
    missing = [i.key for i in source.list() if partition_of(i.key) and there.get(i.key) != i.size]
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        for _ in pool.map(lambda key: landing.write(key, source.read(key)), missing):
            pass
    return len(missing)


def _price(warehouse: Warehouse) -> float:
    """What the cluster's nodes cost in US dollars an hour; 0 if the price is unknown."""
    assert warehouse.cluster
    address = warehouse.cluster.address
    cluster = find_cluster(address.cluster, address.region)
    return cluster.nodes * NODE_USD_PER_HOUR.get(cluster.node_type, 0.0) if cluster else 0.0


#: The most expensive kinds of resources first.
_EXPENSIVE = (
    "aws_redshift_cluster",
    "aws_nat_gateway",
    "aws_instance",
    "aws_s3_bucket.",
    "aws_kms_key",
    "aws_cloudwatch",
)


def _most_expensive(addresses: list[str]) -> list[str]:
    """The addresses of the four most expensive resources."""

    def rank(address: str) -> int:
        return next((index for index, kind in enumerate(_EXPENSIVE) if kind in address), len(_EXPENSIVE))

    return sorted(addresses, key=rank)[:4]


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that the run ends as asked then, too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
