"""The questions, the profiles and the report as assets: what Dagster shows of each, and when it is made again.

Belongs here: Dagster's side of the answers. Does not: the questions (`report.questions`), how a picture is drawn
(`report.charts`), nor what stands on the page (`report.page`).
"""

# No postponed annotations here: Dagster reads the resources of a step from them.
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from sparkify_assets.defs.metadata import code_reference, preview_rows, tags
from sparkify_assets.defs.profile_assets import profile_assets, profile_names
from sparkify_assets.load.loader import Loader
from sparkify_assets.report.page import report_path, write_report
from sparkify_assets.report.questions import MOST_ROWS, QUESTIONS, Question, Row, answer
from sparkify_assets.settings import Settings

_CHANGED: dg.AutomationCondition[Any] = dg.AutomationCondition.any_deps_updated()


_ASKED: dg.AutomationCondition[Any] = (
    dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
)


#: True if the asset was never made although its inputs exist. That includes inputs that were loaded before anything
#: watched, which `since_last_handled` would take as handled.
_FIRST: dg.AutomationCondition[Any] = (
    (
        dg.AutomationCondition.missing()
        & dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
    )
    .newly_true()
    .since(_ASKED)
)


#: Made again whenever something it is made of was: an old day as much as the latest one, which `eager()` alone looks
#: at. It waits for loads that run, and does not mind days that are missing or were blocked. What changes just as an
#: answer was asked for would be forgotten with `since_last_handled` alone, hence the second half.
#: https://docs.dagster.io/guides/automate/declarative-automation/customizing-automation-conditions
REFRESH = (
    (_FIRST | _CHANGED.since_last_handled() | _CHANGED) & ~dg.AutomationCondition.any_deps_in_progress()
).with_label("when its inputs changed")


def analytics_assets() -> list[dg.AssetsDefinition]:
    """An asset for each question."""
    return [_asset(question) for question in QUESTIONS]


def _asset(question: Question) -> dg.AssetsDefinition:
    @dg.asset(
        name=question.name,
        group_name="analytics",
        deps=question.inputs,
        description=f"{question.description}\n\nAsked by `sql/{question.file}.sql`.",
        kinds={"redshift", "sql"},
        owners=["team:analytics"],
        tags=tags("listening", pii=question.pii),
        automation_condition=REFRESH,
        metadata=code_reference(f"sql/{question.file}.sql"),
    )
    def asset(loader: dg.ResourceParam[Loader]) -> dg.MaterializeResult[None]:
        started = time.perf_counter()
        with loader.warehouse.reading() as transaction:
            rows = answer(transaction, question)
        seconds = time.perf_counter() - started
        return dg.MaterializeResult(metadata={**_metadata(question, rows), "seconds": round(seconds, 3)})

    return asset


def _metadata(question: Question, rows: Sequence[Row]) -> dict[str, Any]:
    """Rows and figures, which Dagster plots over time, the answer as a table and as a picture."""
    # Imported here, so that nothing else waits for the drawing library.
    from sparkify_assets.report.charts import picture

    shown = rows[-MOST_ROWS:]
    metadata: dict[str, Any] = {"dagster/row_count": len(rows), **dict(_figures(question, rows))}
    if shown:
        svg = b64encode(picture(question, shown).encode()).decode()
        metadata["picture"] = dg.MetadataValue.md(f"![{question.title}](data:image/svg+xml;base64,{svg})")
        metadata["answer"] = preview_rows(shown)
    return metadata


def _figures(question: Question, rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """One number for each column of the picture: the latest of a line, else the sum."""
    for column in question.y if question.kind != "heat" else ():
        values = [row[column] for row in rows if row[column] is not None]
        if question.kind != "lines":
            yield f"{column} in all", sum(values)
        elif values:
            yield f"latest {column}", values[-1]


def report_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The questions, the profiles, and the page with all of them."""

    @dg.asset(
        group_name="analytics",
        deps=[*(question.name for question in QUESTIONS), *profile_names()],
        description="All answers, loads, checks and the quarantine on one page, which `sparkify report` writes too.",
        kinds={"html"},
        owners=["team:analytics"],
        tags=tags("listening", pii=True),
        automation_condition=REFRESH,
        metadata=code_reference("sparkify_assets/report/report.html"),
    )
    def report(loader: dg.ResourceParam[Loader]) -> dg.MaterializeResult[None]:
        path = report_path(settings)
        size = write_report(loader.warehouse, settings, path)
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(path), "bytes": size})

    return [*analytics_assets(), *profile_assets(settings), report]
