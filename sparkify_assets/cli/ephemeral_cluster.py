"""`sparkify run`: a cluster that lives for one load. It is created, prepared, loaded, checked, shown and destroyed.

Belongs here: the order of the phases, and ending as asked whatever happens. Does not: what a phase does (`infra`,
`load`).
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import typer

from sparkify_assets.cli.console import CommandError, say, settings
from sparkify_assets.cli.demo import print_overview
from sparkify_assets.cli.infra import Environment, FoundationToo, launch, output_of, say_endpoint
from sparkify_assets.cli.load import load_source
from sparkify_assets.errors import Interrupted, SparkifyError, describe_error
from sparkify_assets.infra import DEFAULT_ENVIRONMENT
from sparkify_assets.infra.prices import usd_per_hour
from sparkify_assets.inspection.findings import check_results
from sparkify_assets.interruption import each_raises
from sparkify_assets.load.loader import Loader, open_loader
from sparkify_assets.model.datasets import partition_of
from sparkify_assets.settings import Settings
from sparkify_assets.source.s3 import READERS
from sparkify_assets.source.store import ObjectStore
from sparkify_assets.source.urls import open_source
from sparkify_assets.warehouse.address import with_options
from sparkify_assets.warehouse.connection import Warehouse

#: What to do with the cluster at the end, or if a phase fails.
End = Literal["destroy", "pause", "keep"]


def run(
    env: Environment = DEFAULT_ENVIRONMENT,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the cluster running at the end.")] = False,
    after_failure: Annotated[
        End, typer.Option(help="What to do with the cluster if something fails, or on Ctrl-C.")
    ] = "destroy",
    foundation_too: FoundationToo = False,
) -> None:
    """Create a warehouse on AWS, load everything, check and show it, and destroy it again."""
    end: End = "keep" if keep else "destroy"
    EphemeralCluster(settings(), env, end, after_failure, foundation_too).run()


@dataclass
class EphemeralCluster:
    """One run in an environment, with `settings` for its source."""

    settings: Settings
    environment: str
    end: End
    end_after_failure: End
    foundation_too: bool
    phases: dict[str, float] = field(default_factory=dict)  # seconds; the last one may have failed
    usd_per_hour: float | None = 0.0

    def run(self) -> None:
        """Go through all phases. Whatever happens, Ctrl-C and SIGTERM included, end as asked and say what is left.

        Raises CommandError, InfrastructureError, what the other phases raise, and Interrupted.
        """
        from sparkify_assets.infra.run import require_access  # here, because Dagster's import takes a second

        if not any(partition_of(item.key) for item in open_source(self.settings).list()):
            raise CommandError(f"there is nothing to load in {self.settings.source}; nothing was made")
        require_access(self.environment)
        started = time.monotonic()
        with each_raises(signal.SIGTERM):  # so that the run ends as asked then, too
            try:
                self._run_phases()
            except BaseException as error:
                say(f"Stopped in {next(reversed(self.phases), 'the beginning')}: {_in_one_line(error)}")
                with suppress(BaseException):  # it has been said, and the first error is the cause
                    self._finish(self.end_after_failure)
                if isinstance(error, KeyboardInterrupt | Interrupted):
                    raise Interrupted("what is left is told above, and what takes it away") from None
                raise
            else:
                self._finish(self.end)
            finally:
                say(self._time_and_cost((time.monotonic() - started) / 3600))

    def _time_and_cost(self, hours: float) -> str:
        phases = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.phases.items())
        if not self.usd_per_hour:
            cost = "What they cost is not known (prices are in "
        else:
            cost = f"The warehouse cost about {self.usd_per_hour * hours:.2f} USD ({self.usd_per_hour:.2f} an hour; "
        return f"{hours * 60:.1f} minutes: {phases}. {cost}terraform/cost.md)."

    def _run_phases(self) -> None:
        with self._phase("provision"):
            made = launch("provision_infrastructure", self.environment)
            say_endpoint(made)
            settings = self._settings(made)
        loader = open_loader(settings, log=say)
        with self._phase("tables"):
            loader.warehouse.bootstrap()
            self.usd_per_hour = _price(loader.warehouse)
        if self.settings.source.startswith("file:"):
            with self._phase("upload"):
                sent = mirror(open_source(self.settings), loader.source)
                say(f"{sent:,} files sent to {settings.source}.")
        with self._phase("load"):
            report, _ = load_source(loader)
            if not report.succeeded:
                reasons = [*map(str, report.not_loaded), *report.errors]
                raise CommandError("; ".join(reasons) or "the load failed")
        with self._phase("checks"):
            self._check(loader)
        print_overview(loader.warehouse)

    def _settings(self, made: dict[str, Any]) -> Settings:
        """The settings for the new cluster, from the stacks' outputs. Options in SPARKIFY_WAREHOUSE are kept."""
        given = urlsplit(self.settings.warehouse)
        same = given.scheme == urlsplit(made["publish_warehouse.warehouse_url"]).scheme
        options = dict(parse_qsl(given.query)) if same else {}
        from_files = self.settings.source.startswith("file:")
        return dataclasses.replace(
            self.settings,
            source=output_of(made, "source_url") if from_files else self.settings.source,
            work=output_of(made, "work_url"),
            warehouse=with_options(output_of(made, "warehouse_url"), **options),
            region=output_of(made, "region"),
        )

    def _check(self, loader: Loader) -> None:
        with loader.warehouse.transaction(lock=False) as transaction:
            results = check_results(transaction, loader.settings)
        failed = [
            f"{check.name} ({outcome.violations:,}{'' if blocks else ', a warning'})"
            for check, blocks, outcome in results
            if outcome.violations
        ]
        say(f"{len(results)} checks run; {'; '.join(failed) or 'all passed'}.")
        if any(blocks and outcome.violations for _, blocks, outcome in results):
            raise CommandError("blocking checks found rows in what is published")

    def _finish(self, end: End) -> None:
        """End as asked, and say what is left even if that fails."""
        try:
            if end == "pause":
                with self._phase("pause"):
                    launch("pause_warehouse", self.environment)
            elif end == "destroy":
                with self._phase("destroy"):
                    self._destroy()
        except BaseException as error:
            # At once, because whoever interrupts even this may not wait for the list of what is left.
            say(f"Not ended: {_in_one_line(error)}. To destroy what is left: {self._destroying()}")
            raise
        finally:
            self._say_what_is_left()

    def _destroying(self, foundation: bool = False) -> str:
        too = " --foundation-too" if foundation or self.foundation_too else ""
        return f"sparkify infra destroy --env {self.environment}{too}"

    def _destroy(self) -> None:
        from sparkify_assets.infra.run import outputs

        bucket = outputs(self.environment)["foundation"].get("landing_bucket", "")
        gone = launch(
            "destroy_infrastructure",
            self.environment,
            confirm=self.environment,
            foundation_too=self.foundation_too,
            confirm_data_loss=bucket if self.foundation_too else "",
        )
        for stack in ("warehouse", "foundation"):
            for line in str(gone.get(f"prove_{stack}_gone.stays", "")).splitlines():
                say(f"Stays: {line.removeprefix('* ')}")

    def _say_what_is_left(self) -> None:
        try:
            left = self._left()
        except (SparkifyError, OSError) as error:
            say(f"What is left is not known: {_in_one_line(error)}. To destroy it: {self._destroying()}")
            return
        if not any(left.values()):
            say(f"Nothing is left of environment {self.environment}.")
            return
        for name, addresses in left.items():
            if addresses:
                examples = ", ".join(_most_expensive(addresses))
                say(f"Left of {name}: {len(addresses)} resources, such as {examples}.")
        say(f"To destroy it: {self._destroying(bool(left['foundation']))}")

    def _left(self) -> dict[str, list[str]]:
        """The addresses of what each stack's state knows."""
        from sparkify_assets.infra.run import open_terraform
        from sparkify_assets.infra.stack import STACKS, Stack

        with open_terraform(self.environment) as terraform:
            return {name: Stack(terraform, name).resources() for name in STACKS}

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        say(f"[{name}]")
        started = time.monotonic()
        self.phases[name] = 0.0
        try:
            yield
        finally:
            self.phases[name] = time.monotonic() - started


def mirror(source: ObjectStore, landing: ObjectStore) -> int:
    """Copy a source to the landing zone, except for objects of the same size; return how many were copied."""
    there = {item.key: item.size for item in landing.list()}
    missing = [i.key for i in source.list() if partition_of(i.key) and there.get(i.key) != i.size]
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        for _ in pool.map(lambda key: landing.write(key, source.read(key)), missing):
            pass
    return len(missing)


def _price(warehouse: Warehouse) -> float | None:
    """What the nodes cost in US dollars an hour, or the RPUs that queries begin with; None if that is unknown."""
    assert warehouse.redshift
    unit, amount = warehouse.redshift.find().capacity
    return usd_per_hour(unit, amount)


#: The most expensive kinds of resources first.
_EXPENSIVE = (
    "aws_redshift_cluster",
    "aws_redshiftserverless_workgroup",
    "aws_nat_gateway",
    "aws_instance",
    "aws_s3_bucket.",
    "aws_kms_key",
    "aws_cloudwatch",
)


def _most_expensive(addresses: list[str]) -> list[str]:
    """The addresses of the four most expensive resources."""

    def rank(address: str) -> int:
        return min((rank for rank, kind in enumerate(_EXPENSIVE) if kind in address), default=len(_EXPENSIVE))

    return sorted(addresses, key=rank)[:4]


def _in_one_line(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt | Interrupted) else describe_error(error)
