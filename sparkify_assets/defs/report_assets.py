"""The questions, the profiles and the report as assets: what Dagster shows of each, and when it is made again.

Belongs here: Dagster's side of the answers. Does not: the questions (`report.questions`), how a chart is drawn
(`report.charts`), or what the report contains (`report.page`).
"""

# Annotations are not postponed here, because Dagster reads the resources of an op from them.
import re
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from sparkify_assets.defs.conditions import REFRESH
from sparkify_assets.defs.metadata import code_reference, preview_rows, tags
from sparkify_assets.defs.profile_assets import profile_assets, profile_names
from sparkify_assets.load.loader import Loader
from sparkify_assets.report.page import Report, report_path, write_report
from sparkify_assets.report.questions import MAX_ROWS, QUESTIONS, Question, Row, answer
from sparkify_assets.settings import Settings


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


def _overview(found: Report, settings: Settings) -> dict[str, Any]:
    """The head of the report as Markdown, and where all of it is while `sparkify dev` runs."""
    page = {"report": dg.MetadataValue.url(settings.report_page)} if settings.report_page else {}
    head = [
        "| " + " | ".join(figure.name for figure in found.figures) + " |",
        "|" + "---|" * len(found.figures),
        "| " + " | ".join(f"**{figure.value}**" for figure in found.figures) + " |",
        "| " + " | ".join(figure.note for figure in found.figures) + " |",
    ]
    to_look_at = [
        f"* **{concern.kind} {_literal(concern.where)}** {_literal(concern.said)}: {concern.advice}"
        for concern in found.concerns
    ]
    return {**page, "overview": dg.MetadataValue.md("\n".join([*head, "", *to_look_at]))}


def _literal(text: str) -> str:
    """Text that Markdown shows as it is: names of files and rejected records may hold anything."""
    return re.sub(r"([^\w\s,])", lambda found: f"&#{ord(found[1])};", " ".join(text.split()))


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
        report = write_report(loader.warehouse, settings, path)
        file: dict[str, Any] = {"path": dg.MetadataValue.path(path), "bytes": path.stat().st_size}
        return dg.MaterializeResult(metadata={**_overview(report, settings), **file})

    return [*analytics_assets(), *profile_assets(settings), report]
