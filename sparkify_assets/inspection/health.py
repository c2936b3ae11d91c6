"""Whether settings, source and warehouse are fit for loads: each answer with what to type next.

Belongs here: what a doctor asks of them. Does not: what it asks of the machine (`machine`) and of Terraform
(`infra.installed`), and how it is printed (`cli.doctor`).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import psycopg2

from sparkify_assets.errors import SparkifyError, describe_error
from sparkify_assets.inspection.attention import Concern, concerns
from sparkify_assets.inspection.status import Status, status
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.checks import ALL_CHECKS
from sparkify_assets.model.datasets import counted, left_out
from sparkify_assets.model.definitions import differences
from sparkify_assets.settings import Settings, no_settings, without_password
from sparkify_assets.warehouse.catalog import definitions
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.transaction import Transaction

#: How many seconds one thing may take to be looked at before it counts as not answering.
PATIENCE = 60.0


@dataclass(frozen=True)
class Setting:
    """A setting in force: its variable, its value as it can be shown, and where it comes from."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True)
class Health:
    """What was found about one topic. `state` is ok, note (it does no harm) or mend; `next` is what to type or do."""

    topic: str
    state: Literal["ok", "note", "mend"]
    said: str
    next: str = ""


def settings_in_force(
    settings: Settings, environment: Mapping[str, str], file: Path, of_file: Mapping[str, str]
) -> list[Setting]:
    """Every setting with its origin: the environment, the file `.env` with what it holds, or the default."""
    found = []
    for name in (field.name for field in fields(settings) if field.name != "last_expected"):
        variables = (
            ("AWS_REGION", "AWS_DEFAULT_REGION") if name == "region" else (f"SPARKIFY_{name.upper()}",)
        )
        given = next((v for v in variables if environment.get(v, "").strip()), "")
        origin = "environment" if given else "default"
        if given and environment[given] == of_file.get(given):
            origin = str(file)
        found.append(Setting(given or variables[0], _shown(name, getattr(settings, name)), origin))
    return found


def _shown(name: str, value: object) -> str:
    """A value as it can be shown to others: without passwords, and an address for alerts without its secret path."""
    text = "" if value is None else str(value)
    if name == "alert_webhook" and text:
        return "/".join(text.split("/")[:3]) + "/…"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return without_password(text)


def misspelt(environment: Mapping[str, str]) -> Iterator[Health]:
    """The variables that look like settings and are none; one that was probably meant as a setting has to be mended."""
    for name, meant in no_settings(environment).items():
        advice = f"{meant} is one" if meant else ".env.example lists all of them"
        yield Health("settings", "mend" if meant else "note", f"{name} is no setting", advice)


def no_checks(settings: Settings) -> Iterator[Health]:
    """The checks that are expected to warn and do not exist."""
    names = [check.name for check in ALL_CHECKS if not check.blocks(settings)]
    for name in sorted(settings.expected_warnings.difference(names)):
        meant = get_close_matches(name, names, 1)
        advice = f"{meant[0]} is one" if meant else "the names are those of sql/checks"
        yield Health("settings", "mend", f"SPARKIFY_EXPECTED_WARNINGS: {name} is no check that warns", advice)


def within(topic: str, ask: Callable[[], list[Health]], seconds: float = PATIENCE) -> list[Health]:
    """What `ask` finds; its error as something to mend, and so if it does not answer in time."""
    answer: list[list[Health]] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            answer.append(ask())
        except (SparkifyError, psycopg2.Error, OSError) as error:
            said = describe_error(error)
            advised = "`sparkify " in said  # the error itself says what to type
            answer.append([Health(topic, "mend", said, "" if advised else _REMEDIES.get(topic, ""))])
        except Exception as error:  # noqa: BLE001 - it is raised below, where somebody sees it
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)  # so that what hangs does not keep the process
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    return (
        answer[0]
        if answer
        else [Health(topic, "mend", f"no answer within {seconds:g} s", _REMEDIES.get(topic, ""))]
    )


#: Since version 10 PostgreSQL has two numbers, of which the protocol makes one; Redshift calls itself 8.0.2:
#: https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQSERVERVERSION
FIRST_OF_TWO_NUMBERS = 100_000

#: What to look at where something does not answer.
_REMEDIES = {
    "source": "set SPARKIFY_SOURCE to the folder or bucket that holds log_data/ and song_data/",
    "warehouse": "see docs/runbooks.md, and SPARKIFY_WAREHOUSE",
}


def of_warehouse(warehouse: Warehouse) -> list[Health]:
    """Whether the warehouse answers, what it is, and whether its tables are those of this edition.

    Raises WarehouseError; TablesDiffer, which says what to do, is one.
    """
    shown = without_password(warehouse.url)
    with warehouse.looking() as look:
        if look is None:
            return [Health("warehouse", "ok", f"{shown}: no tables yet, the first load makes them")]
        name = f"{shown}: {_version(look)}"
        found = definitions(look)
    differ = differences(found)
    if differ:
        places = counted(len(differ), "place")
        said = f"{name}; its tables differ from sql/ddl in {places}, which no load minds"
        return [Health("warehouse", "note", said, "sparkify tables diff")]
    return [Health("warehouse", "ok", f"{name}, with {len(found)} tables of this edition")]


def _version(look: Transaction) -> str:
    """What the server is: the local Redshift says it is Redshift, but its protocol says which PostgreSQL it is."""
    server = look.connection.info.server_version
    if server >= FIRST_OF_TWO_NUMBERS:
        return f"the local Redshift, on PostgreSQL {server // 10_000}.{server % 10_000}"
    found = re.search(r"Redshift \S+", str(look.value("report/version")))
    return found[0] if found else "a server of unknown version"


def of_data(loader: Loader) -> list[Health]:
    """What the source holds and what of it is loaded; what is blocked, late, shrunk or warned of.

    Raises WrongSource, SourceError, WarehouseError.
    """
    settings = loader.settings
    if settings.source == settings.sample.as_uri() and not settings.sample.exists():
        said = "there is no sample data yet, and SPARKIFY_SOURCE is not set"
        return [Health("source", "mend", said, "sparkify demo, or set SPARKIFY_SOURCE")]
    found = status(loader)
    answers = [*_of_source(found)]
    with loader.warehouse.looking() as look:
        if look:
            now = datetime.now(UTC).replace(tzinfo=None)
            told = concerns(look, settings, now)
            answers += [_of_concern(concern, found.loaded.newest_day) for concern in told]
    if not any(answer.topic == "data" and answer.state != "ok" for answer in answers):
        answers.append(Health("data", "ok", "nothing is blocked, late, shrunk or warned of"))
    return answers


def _of_source(found: Status) -> Iterator[Health]:
    days = sorted(item.partition for item in found.partitions if item.dataset == "events" and item.objects)
    span = f", of the days {days[0]} to {days[-1]}" if days else ", and no events"
    said = f"{found.source}: {counted(found.files, 'file')}{span}"
    if found.unrecognised:
        said += f"; {counted(len(found.unrecognised), 'other file')}"
    yield Health("source", "ok", said)
    if found.warning:
        advice = (
            "set SPARKIFY_SOURCE, if another one is meant; if the files are gone for good,"
            " `sparkify load --accept-deletions`"
        )
        yield Health("source", "mend", f"{found.source}: {found.warning}", advice)
    for problem in found.layout:
        yield Health("source", "note", problem)
    for line in left_out({item.partition: item.outside for item in found.partitions if item.outside}):
        yield Health("source", "note", f"left out: {line}")
    states = Counter(item.state for item in found.partitions)
    waiting = [f"{states[state]:,} {state}" for state in ("new", "changed", "gone") if states[state]]
    if waiting and not found.warning:
        yield Health(
            "data", "note", f"days or prefixes to load: {', '.join(waiting)}", "sparkify plan, sparkify load"
        )


def _of_concern(concern: Concern, newest_day: str) -> Health:
    """A day that is missing and a blocked one have to be mended; whether the rest has to, a person decides."""
    missing = concern.kind == "late" and concern.said.startswith("not loaded")
    advice = concern.advice
    if missing and newest_day and concern.where > newest_day:
        ends = f"if the data ends on {newest_day}: SPARKIFY_LAST_DAY={newest_day}"
        advice = f"`sparkify load`, once its files are there; {ends}"
    state: Literal["note", "mend"] = "mend" if missing or concern.kind == "blocked" else "note"
    return Health("data", state, f"{concern.kind}: {concern.where} {concern.said}", advice)
