"""What Dagster shows of the tables: specs, columns with their lineage, tags, previews of rows, links to code.

Belongs here: the model in Dagster's terms. Does not: the model itself (`model`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import dagster as dg

from sparkify_assets.model import queries
from sparkify_assets.model.tables import ASSETS, TABLES


def asset_spec(asset: str, *, skippable: bool = False) -> dg.AssetSpec:
    """The asset as Dagster shows it: description, columns, tags, owners, the table's name and its upstream."""
    table = TABLES[asset]
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=table.types[name],
                description=description,
                constraints=dg.TableColumnConstraints(
                    nullable=name not in table.key, unique=table.key == (name,)
                ),
            )
            for name, description in table.columns.items()
        ]
    )
    return dg.AssetSpec(
        asset,
        deps=table.upstream,
        description=f"{table.description}\n\nMade by `sql/{table.merge}.sql`.",
        group_name=table.group,
        kinds={"redshift", "sql"},
        owners=["team:data-engineering"],
        tags=tags("library" if asset in ASSETS["songs"] else "listening", pii=table.pii),
        skippable=skippable,
        metadata={
            "dagster/column_schema": schema,
            "dagster/table_name": table.name,
            **code_reference(f"sql/{table.merge}.sql"),
        },
    )


def tags(domain: Literal["listening", "library", "platform"], *, pii: bool = False) -> dict[str, str]:
    """The tags by which Dagster's catalog is searched: what an asset is about, and `pii` if it names people or says
    where they are.
    """
    return {"domain": domain, **({"pii": "true"} if pii else {})}


def code_reference(file: str) -> dict[str, dg.CodeReferencesMetadataValue]:
    """The metadata by which Dagster's web UI opens a file of the checkout, by its path there
    (https://docs.dagster.io/guides/build/assets/metadata-and-tags#source-code).
    """
    path = queries.FOLDER.parent / file
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):
        reference = dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=file)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def preview_rows(rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table in Dagster's web UI, with empty cells for nulls."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord({name: "" if value is None else value for name, value in row.items()})
            for row in rows
        ]
    )


def with_column_lineage(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The asset with the lineage of its columns, or unchanged if it is no table. Raises LineageError."""
    from sparkify_assets.model.lineage import column_origins  # here, for a load does not need sqlglot

    origins = column_origins().get(spec.key.to_user_string())
    if origins is None:
        return spec
    lineage = dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(dg.AssetKey(asset), name) for asset, name in found]
            for column, found in origins.items()
        }
    )
    return spec.merge_attributes(metadata={"dagster/column_lineage": lineage})
