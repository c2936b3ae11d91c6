"""redshift-data: statements run on the cluster's endpoint, as AWS runs them; moto has fixed rows for all of them.

The shapes follow https://docs.aws.amazon.com/redshift-data/latest/APIReference/. A statement runs in the background, on
a connection of its own, as the user that the caller names or as the administrator of the secret. Sessions and
Serverless workgroups are refused, events are not sent.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
from moto.core.responses import ActionResult, BaseResponse
from moto.moto_api._internal import mock_random
from moto.redshift.models import redshift_backends
from moto.redshiftdata import models, urls
from moto.secretsmanager.models import secretsmanager_backends
from psycopg2.extensions import connection as Connection

from . import control, credentials
from .data_statements import PARAMETER, Execution, Statement, moment

#: The types that have a field of their own in a record, by their number in the protocol: field and Python type.
_FIELDS: dict[int, tuple[str, Callable[[str], Any]]] = {
    **dict.fromkeys((20, 21, 23, 26), ("longValue", int)),
    **dict.fromkeys((700, 701), ("doubleValue", float)),
    16: ("booleanValue", lambda value: value == "t"),
}
_TYPES = {
    16: "bool", 20: "int8", 21: "int2", 23: "int4", 25: "text", 26: "oid", 700: "float4", 701: "float8", 1042: "bpchar",
    1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz", 1700: "numeric",
}  # fmt: skip


def _refused(message: str, code: str = "ValidationException") -> control.Refusal:
    return control.Refusal(code, message)


class Backend(models.RedshiftDataAPIServiceBackend):
    """The statements of an account in a region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.executions: dict[str, Execution] = {}
        self.tokens: dict[str, str] = {}

    @property
    def _url_module(self) -> Any:
        """moto looks for the routes beside the class's own module."""
        return urls


class Response(BaseResponse):
    """The actions of the API; a method's name is the action's."""

    def __init__(self) -> None:
        super().__init__(service_name="redshift-data")

    @property
    def backend(self) -> Backend:
        backend = models.redshiftdata_backends[self.current_account][self.region]
        assert isinstance(backend, Backend)
        return backend

    # Running

    def execute_statement(self) -> ActionResult:
        return self._submit(self._get_param("Sql"), [])

    def batch_execute_statement(self) -> ActionResult:
        return self._submit("", self._get_param("Sqls"))

    def _submit(self, sql: str, batch: list[str]) -> ActionResult:
        for missing in ("SessionId", "SessionKeepAliveSeconds"):
            if self._get_param(missing) is not None:
                raise _refused(f"{missing} is not supported by the emulator.")
        parameters = {given["name"]: given["value"] for given in self._get_param("Parameters") or []}
        used = {
            match["name"] for text in (sql, *batch) for match in PARAMETER.finditer(text) if match["name"]
        }
        if unused := parameters.keys() - used:
            raise _refused(f"Parameters list contains unused parameters. Unused parameters: {sorted(unused)}")
        token = self._get_param("ClientToken")
        if token in self.backend.tokens:
            return self._accepted(self.backend.executions[self.backend.tokens[token]])
        connect = self._connect(self._get_param("Database"))
        number = str(mock_random.uuid4())
        execution = Execution(
            Statement(number, sql, parameters),
            {key: self._get_param(key) for key in ("ClusterIdentifier", "Database", "DbUser", "SecretArn")},
            self._get_param("StatementName") or "",
            self._get_param("ResultFormat") or "JSON",
            [Statement(f"{number}:{index}", text, parameters) for index, text in enumerate(batch, 1)],
        )
        self.backend.executions[number] = execution
        if token:
            self.backend.tokens[token] = number
        execution.thread = threading.Thread(target=execution.run, args=(connect,), daemon=True)
        execution.thread.start()
        execution.thread.join(self._get_param("WaitTimeSeconds") or 0)
        return self._accepted(execution)

    def _accepted(self, execution: Execution) -> ActionResult:
        given = {key: value for key, value in execution.target.items() if value}
        return ActionResult({"Id": execution.whole.id, "CreatedAt": moment(execution.whole.began), **given})

    def _connect(self, database: str) -> Callable[[], Connection]:
        """How to reach the cluster as the caller wants. Raises an error of AWS where it cannot be reached at all."""
        identifier, host = self._get_param("ClusterIdentifier"), control.current().redshift_host
        clusters = redshift_backends[self.current_account][self.region].clusters
        if identifier not in clusters or not host:
            raise _refused("Redshift endpoint doesn't exist in this region.")
        if not database:
            raise _refused("Database cannot be null or empty")
        user, password = self._login()
        login = {"user": user, "password": password, "host": host, "port": clusters[identifier].port}
        return lambda: psycopg2.connect(dbname=database, sslmode="require", connect_timeout=10, **login)

    def _login(self) -> tuple[str, str]:
        if secret := self._get_param("SecretArn"):
            value = secretsmanager_backends[self.current_account][self.region].get_secret_value(
                secret, "", ""
            )
            held = json.loads(value["SecretString"])
            return held["username"], held["password"]
        user = self._get_param("DbUser")
        issued = credentials.issue(f"IAM:{user}" if user else "IAMR:emulator", 900)
        return issued["DbUser"], issued["DbPassword"]

    # Looking

    def _execution(self) -> tuple[Execution, Statement]:
        """The execution, and the statement, that an id names. Raises ResourceNotFoundException."""
        number, _, index = self._get_param("Id").partition(":")
        models._validate_uuid(number)
        execution = self.backend.executions.get(number)
        if execution is None or (index and not 0 < int(index) <= len(execution.batch)):
            raise _refused("Query does not exist.", "ResourceNotFoundException")
        return execution, execution.batch[int(index) - 1] if index else execution.whole

    def describe_statement(self) -> ActionResult:
        execution, statement = self._execution()
        if execution.thread:
            execution.thread.join(self._get_param("WaitTimeSeconds") or 0)
        shape = {**statement.shape(), **{key: value for key, value in execution.target.items() if value}}
        if execution.batch and statement is execution.whole:
            shape["SubStatements"] = [part.shape() for part in execution.batch]
            shape["HasResultSet"] = any(part.has_result for part in execution.batch)
        if statement.parameters:
            shape["QueryParameters"] = [{"name": k, "value": v} for k, v in statement.parameters.items()]
        return ActionResult({**shape, "ResultFormat": execution.format})

    def list_statements(self) -> ActionResult:
        wanted, prefix = self._get_param("Status") or "ALL", self._get_param("StatementName") or ""
        found = [
            {
                **{
                    key: e.whole.shape()[key]
                    for key in ("Id", "Status", "QueryString", "CreatedAt", "UpdatedAt")
                },
                "StatementName": e.name,
                "IsBatchStatement": bool(e.batch),
                "QueryStrings": [part.sql for part in e.batch],
                "ResultFormat": e.format,
            }
            for e in self.backend.executions.values()
            if wanted in ("ALL", e.whole.status) and e.name.startswith(prefix)
        ]
        return self._page("Statements", found[::-1])

    def cancel_statement(self) -> ActionResult:
        execution, statement = self._execution()
        if execution.whole.ended:
            raise _refused(
                f"Could not cancel a query that is already in {statement.status} state with ID: {statement.id}"
            )
        execution.cancel()
        return ActionResult({"Status": True})

    # Results

    def get_statement_result(self) -> ActionResult:
        statement = self._finished("JSON")
        records = [
            [_cell(value, column.type_code) for value, column in zip(row, statement.columns, strict=True)]
            for row in statement.rows
        ]
        return self._result(statement, records)

    def get_statement_result_v2(self) -> ActionResult:
        statement = self._finished("CSV")
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow([column.name for column in statement.columns])
        writer.writerows([["" if value is None else value for value in row] for row in statement.rows])
        answer = self._result(statement, [{"CSVRecords": written.getvalue()}])
        return ActionResult({**answer.result, "TotalNumRows": len(statement.rows), "ResultFormat": "CSV"})

    def _finished(self, form: str) -> Statement:
        execution, statement = self._execution()
        if not statement.has_result:
            raise _refused(
                "Query does not have result. Please check query status with DescribeStatement.",
                "ResourceNotFoundException",
            )
        if execution.format != form:
            raise _refused(f"The result format of this query is {execution.format}.")
        return statement

    def _result(self, statement: Statement, records: list[Any]) -> ActionResult:
        columns = [
            {
                "name": column.name,
                "label": column.name,
                "typeName": _TYPES.get(column.type_code, "varchar"),
                "nullable": 1,
                "isSigned": column.type_code in _FIELDS and column.type_code != 16,
                "isCaseSensitive": column.type_code not in _FIELDS,
                "isCurrency": False,
            }
            for column in statement.columns
        ]
        return ActionResult(
            {"ColumnMetadata": columns, "Records": records, "TotalNumRows": len(statement.rows)}
        )

    # The catalog

    def list_databases(self) -> ActionResult:
        rows = self._ask("select datname from pg_database where not datistemplate order by datname")
        return self._page("Databases", [name for (name,) in rows])

    def list_schemas(self) -> ActionResult:
        rows = self._ask(
            "select nspname from pg_namespace where nspname like %(schema)s and nspname not like 'pg!_t%%' escape '!'"
            " order by nspname"
        )
        return self._page("Schemas", [name for (name,) in rows])

    def list_tables(self) -> ActionResult:
        rows = self._ask(
            "select table_schema, table_name, table_type from information_schema.tables"
            " where table_schema like %(schema)s and table_name like %(table)s order by 1, 2"
        )
        kinds = {"BASE TABLE": "TABLE"}
        return self._page("Tables", [{"schema": s, "name": t, "type": kinds.get(k, k)} for s, t, k in rows])

    def describe_table(self) -> ActionResult:
        table = self._get_param("Table")
        rows = self._ask(
            "select column_name, data_type, is_nullable, column_default, character_maximum_length, numeric_precision,"
            " numeric_scale, table_schema from information_schema.columns"
            " where table_name = %(exactly)s and table_schema like %(schema)s order by table_schema, ordinal_position"
        )
        columns = [
            {
                "name": name, "label": name, "typeName": kind, "nullable": int(nullable == "YES"),
                "columnDefault": default, "length": length or 0, "precision": precision or 0, "scale": scale or 0,
                "schemaName": schema, "tableName": table,
            }
            for name, kind, nullable, default, length, precision, scale, schema in rows
        ]  # fmt: skip
        return ActionResult({"TableName": table, "ColumnList": columns})

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query of the catalog. Raises DatabaseConnectionException."""
        given = {
            "schema": self._get_param("SchemaPattern") or self._get_param("Schema") or "%",
            "table": self._get_param("TablePattern") or "%",
            "exactly": self._get_param("Table"),
        }
        connect = self._connect(self._get_param("ConnectedDatabase") or self._get_param("Database"))
        try:
            with closing(connect()) as connection, connection.cursor() as cursor:
                cursor.execute(sql, given)
                return cursor.fetchall()
        except psycopg2.Error as error:
            raise _refused(str(error).strip(), "DatabaseConnectionException") from None

    def _page(self, name: str, found: list[Any]) -> ActionResult:
        begin, size = int(self._get_param("NextToken") or 0), self._get_param("MaxResults") or 1000
        more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
        return ActionResult({name: found[begin : begin + size], **more})

    def list_sessions(self) -> ActionResult:
        raise _refused("Sessions are not supported by the emulator.")


def _cell(value: str | None, oid: int) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    name, convert = _FIELDS.get(oid, ("stringValue", str))
    return {name: convert(value)}


def install() -> None:
    """Puts these classes in the place of moto's; call it before the server starts."""
    models.redshiftdata_backends.backend = Backend
    urls.url_paths["{0}/$"] = Response.dispatch
