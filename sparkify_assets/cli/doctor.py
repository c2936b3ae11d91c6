"""`sparkify doctor`: what is wrong with a set-up, and what to type next.

Belongs here: the order of the questions, and how the answers are printed. Does not: the questions (`inspection.health`,
`inspection.machine`, `infra.installed`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Annotated

import typer

from sparkify_assets.cli.console import OutputFormat, print_found, print_table, say
from sparkify_assets.cli.dev import PORT
from sparkify_assets.cli.environment import folder_of_settings, values_of
from sparkify_assets.defs.instance import require_own
from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.installed import TerraformAbsent, terraform_version
from sparkify_assets.inspection.health import (
    Health,
    Setting,
    misspelt,
    no_checks,
    of_data,
    of_warehouse,
    settings_in_force,
    within,
)
from sparkify_assets.inspection.machine import needs_aws, of_aws, of_disk, of_ports, of_versions
from sparkify_assets.load.loader import open_loader
from sparkify_assets.settings import Settings, SettingsError

#: The port at which `sparkify serve` serves, which is that of Redshift's clusters.
SERVED = 5439

#: What to type where a port is taken.
PORTS = {PORT: f"sparkify dev --port {PORT + 1}", SERVED: f"sparkify serve --port {SERVED + 1}"}

#: The topics of each of the three lines that say that all is well.
LINES = (("source", "data"), ("warehouse", "disk"), ("settings", "ports", "Terraform", "AWS", "versions"))


@dataclass(frozen=True)
class Diagnosis:
    """All answers, and the settings in force; `well` is whether nothing has to be mended."""

    well: bool
    findings: Sequence[Health]
    settings: Sequence[Setting]


def doctor(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say everything that was looked at, and every setting.")
    ] = False,
    output: OutputFormat = "table",
) -> None:
    """Say what is wrong with settings, source, warehouse and machine, and what to type; exit code 1 if something is."""
    found = diagnose()
    print_found(found, output, _print_all if verbose else _print_short)
    if not found.well:
        raise typer.Exit(1)


def diagnose() -> Diagnosis:
    """Look at everything. Nothing is created, and nothing is asked of AWS that no setting leads to."""
    folder = folder_of_settings(Path.cwd())
    file = folder / ".env"
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        where = f"{file}, or the environment" if file.exists() else "the environment"
        wrong = [Health("settings", "mend", str(error), f"correct it in {where}")]
        return Diagnosis(False, [*wrong, *of_versions()], [])
    in_force = settings_in_force(settings, os.environ, file, values_of(folder))
    findings = [_of_settings(settings, in_force, file), *misspelt(os.environ), *no_checks(settings)]
    for topic, ask in _questions(settings):
        told = {item.said for item in findings}  # what keeps the warehouse from answering is told once
        findings += [item for item in within(topic, ask) if item.said not in told]
    return Diagnosis(all(item.state != "mend" for item in findings), findings, in_force)


def _questions(settings: Settings) -> list[tuple[str, Callable[[], list[Health]]]]:
    """What is asked about each topic, in the order in which one thing needs another."""
    loader = open_loader(settings, log=lambda _: None)
    return [
        ("disk", lambda: _of_home(settings)),
        ("warehouse", lambda: of_warehouse(loader.warehouse)),
        ("source", lambda: of_data(loader)),
        ("ports", lambda: of_ports(PORTS)),
        ("Terraform", lambda: _of_terraform(settings)),
        ("AWS", lambda: of_aws(settings)),
        ("versions", of_versions),
    ]


def _of_settings(settings: Settings, in_force: Sequence[Setting], file: Path) -> Health:
    origins = [setting.origin for setting in in_force]
    numbers = {"the environment": origins.count("environment"), str(file): origins.count(str(file))}
    given = [f"{number} from {origin}" for origin, number in numbers.items() if number]
    return Health("settings", "ok", f"settings: {', '.join(given) or 'all by default'}; home {settings.home}")


def _of_home(settings: Settings) -> list[Health]:
    require_own(settings.home)
    return of_disk(settings.home)


def _of_terraform(settings: Settings) -> list[Health]:
    """Terraform is missed only where a setting leads to AWS."""
    try:
        return [Health("Terraform", "ok", f"Terraform {terraform_version()}")]
    except TerraformAbsent as error:
        if needs_aws(settings):
            return [Health("Terraform", "note", str(error), "needed by `sparkify infra` only")]
        return [Health("Terraform", "ok", "no Terraform, and no need of it")]
    except InfrastructureError as error:
        return [Health("Terraform", "note", str(error), "needed by `sparkify infra` only")]


_COLOURS = {"ok": "green", "note": "yellow", "mend": "red"}


def _print_short(found: Diagnosis) -> None:
    amiss = [item for state in ("mend", "note") for item in found.findings if item.state == state]
    for item in amiss:
        _print(item)
    if any(item.state == "mend" for item in amiss):
        say("The rest is well (--verbose says what was looked at).")
        return
    for topics in LINES:
        said = [
            item.said
            for topic in topics
            for item in found.findings
            if (item.topic, item.state) == (topic, "ok")
        ]
        if said:
            say("; ".join(said), "ok", "green")


def _print_all(found: Diagnosis) -> None:
    for item in found.findings:
        _print(item)
    print_table(("setting", "value", "from"), map(astuple, found.settings))


def _print(item: Health) -> None:
    said = item.said if item.state == "ok" else f"{item.topic}: {item.said}"
    say(f"{said}{item.next and f' → {item.next}'}", item.state, _COLOURS[item.state])
