"""The questions, the profiles and the report as assets: what Dagster shows of each, and when it is made again.

Belongs here: Dagster's side of the answers. Does not: the questions (`report.questions`), how a chart is drawn
(`report.charts`), or what the report contains (`report.page`).
"""

# Annotations are not postponed here, because Dagster reads the resources of an op from them.
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from sparkify_assets.defs.metadata import code_reference, preview_rows, tags
from sparkify_assets.defs.profile_assets import profile_assets, profile_names
from sparkify_assets.load.loader import Loader
from sparkify_assets.report.page import report_path, write_report
from sparkify_assets.report.questions import MAX_ROWS, QUESTIONS, Question, Row, answer
from sparkify_assets.settings import Settings

_CHANGED: dg.AutomationCondition[Any] = dg.AutomationCondition.any_deps_updated()

_HANDLED: dg.AutomationCondition[Any] = (
    dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
)

#: The asset was never made although its inputs exist, even if they were loaded before the conditions were evaluated for
#: the first time, which `since_last_handled` would take for handled.
_FIRST: dg.AutomationCondition[Any] = (
    (
        dg.AutomationCondition.missing()
        & dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
    )
    .newly_true()
    .since(_HANDLED)
)

#: The asset is made again whenever an input was: an old day as much as the latest one, the only one that `eager()`
#: considers. It waits for loads in progress, and missing or blocked days do not stop it. A change that arrives while an
#: answer is being requested would be lost with `since_last_handled` alone, hence the second condition.
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
        description=f"{question.description}\n\nAnswered by `sql/{question.file}.sql`.",
        kinds={"redshift", "sql"},
        owners=["team:analytics"],
        tags=tags("listening", pii=question.pii),
        automation_condition=REFRESH,
        metadata=code_reference(f"sql/{question.file}.sql"),
    )
    def asset(loader: dg.ResourceParam[Loader]) -> dg.MaterializeResult[None]:
        started = time.perf_counter()
        with loader.warehouse.reading() as transaction:
            rows = answer(transaction, question, loader.settings)
        seconds = time.perf_counter() - started
        return dg.MaterializeResult(metadata={**_metadata(question, rows), "seconds": round(seconds, 3)})

    return asset


def _metadata(question: Question, rows: Sequence[Row]) -> dict[str, Any]:
    """The answer as a table and as a chart, with its row count and figures, which Dagster plots over time."""
    # Imported here, so that nothing else waits for the drawing library.
    from sparkify_assets.report.charts import picture

    preview = rows[-MAX_ROWS:]
    metadata: dict[str, Any] = {"dagster/row_count": len(rows), **dict(_figures(question, rows))}
    if preview:
        svg = b64encode(picture(question, preview).encode()).decode()
        metadata["picture"] = dg.MetadataValue.md(f"![{question.title}](data:image/svg+xml;base64,{svg})")
        metadata["answer"] = preview_rows(preview)
    return metadata


def _figures(question: Question, rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """One number for each column of the chart: the latest value of a line, or else the sum. There is none where the
    rows are not all there is, as in a ranking, or are averages and shares.
    """
    if question.kind in ("heat", "ranking"):
        return
    for column in question.y:
        values = [row[column] for row in rows if row[column] is not None]
        if question.kind == "lines":
            if values:
                yield f"latest {column}", values[-1]
        elif not column.endswith("_per_day"):
            yield f"{column} in all", sum(values)


def report_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The questions, the profiles, and the report that contains them all."""

    @dg.asset(
        group_name="analytics",
        deps=[*(question.name for question in QUESTIONS), *profile_names()],
        description="All answers, loads, checks and the quarantine on one page, as `sparkify report` writes it.",
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
