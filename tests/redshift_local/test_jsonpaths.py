"""Which value of a record goes into which column: copy-parameters-data-format.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from redshift_local import CopyError

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


def paths(*expressions: str) -> str:
    return json.dumps({"jsonpaths": expressions})


def test_auto_knows_the_case_of_keys(load: Callable) -> None:
    """'auto': "the matching is case-sensitive"; 'auto ignorecase': "the case of the column names is ignored"."""
    assert load('{"A":"x","i":1}', "a, i") == [(None, 1)]
    assert load('{"A":"x","I":1}', "a, i", json_option="auto ignorecase") == [("x", 1)]


def test_jsonpaths_in_the_order_of_the_columns(sql: Sql, put: Put) -> None:
    """copy-json-jsonpaths: "The order of the JSONPath array elements must match the order of the columns"."""
    sql("create temp table t (a varchar(8), i integer)")
    data = put("o", '{"userId":"x","x":{"y":[1,{"z":7}]}}')
    for dots, brackets in (("$.userId", "$['userId']"), ("$.x.y[1].z", "$['x']['y'][1]['z']")):
        for expression in (dots, brackets):
            sql("delete from t")
            sql("copy t (a) from %s format json %s", (data, put("p", paths(expression))))
            assert sql("select a from t") == [("x",) if "user" in expression else ("7",)]
    sql("delete from t")
    sql("copy t (i, a) from %s format json %s", (data, put("p", paths("$.x.y[0]", "$.userId"))))
    assert sql("select a, i from t") == [("x", 1)]


def test_an_element_that_is_missing(sql: Sql, put: Put, errors: Callable) -> None:
    """copy-json-jsonpath-expressions: "If an object element is not found, COPY attempts to load a NULL value"; for an
    array element "COPY fails with: Invalid JSONPath format: Not an array or index out of range."."""
    sql("create temp table t (a varchar(8))")
    sql("copy t from %s format json %s", (put("o", '{"x":{}}\n{}\n{"x":3}'), put("p", paths("$.x.y"))))
    assert sql("select a from t") == [(None,), (None,), (None,)]
    content = '{"x":["p"]}\n{"x":["p","q"]}\n{"x":1}\n{"x":null}'
    sql(
        "delete from t; copy t from %s format json %s maxerror 5",
        (put("o", content), put("p", paths("$.x[1]"))),
    )
    assert sql("select a from t") == [("q",)]
    reason = "Invalid JSONPath format: Not an array or index out of range."
    assert errors() == [("o", line, None, 1216, reason) for line in (1, 3, 4)]


def test_arrays_of_the_root_need_a_jsonpaths_file(sql: Sql, put: Put, errors: Callable) -> None:
    """copy-json-data-file: "If your data files use arrays, you must specify a JSONPaths file"."""
    sql("create temp table t (a varchar(8), i integer)")
    data = put("o", '["x", 1]\n{"a":"y"}')
    sql("copy t from %s format json 'auto' maxerror 2", (data,))
    assert sql("select * from t") == [("y", None)]
    assert [row[:3] for row in errors()] == [("o", 1, None)]
    sql("delete from t")
    sql("copy t from %s format json %s", (put("o", '["x", 1]'), put("p", paths("$[0]", "$[1]"))))
    assert sql("select * from t") == [("x", 1)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"paths":["$.a"]}', "'jsonpaths'"),
        ('{"jsonpaths":["$.a"]} x', "not one JSON object"),
        ('{"jsonpaths":["$.a"]}{}', "not one JSON object"),
        ('{"jsonpaths":["$.a"', "not one JSON object"),
        ('["$.a"]', "'jsonpaths'"),
        ('{"jsonpaths":[""]}', "array of non-empty strings"),
        ('{"jsonpaths":[1]}', "array of non-empty strings"),
        ('{"jsonpaths":["$.a","$.i"]}', "2 JSONPath expressions for 1 columns"),
        ('{"jsonpaths":["$.a.*"]}', "is not a JSONPath expression"),
        ('{"jsonpaths":["a"]}', "is not a JSONPath expression"),
        ('{"jsonpaths":["$.x[-1]"]}', "is not a JSONPath expression"),
        ('{"jsonpaths":["$[\'x\'].y"]}', "is not a JSONPath expression"),
    ],
)
def test_a_jsonpaths_file_that_is_none(sql: Sql, put: Put, content: str, reason: str) -> None:
    """copy-json-jsonpaths: "the JSON is malformed; there is more than one JSON object; any characters except white
    space exist outside the object; an array element is an empty string or is not a string"; "MAXERROR does not apply"."""
    sql("create temp table t (a varchar(8))")
    with pytest.raises(CopyError, match=reason) as caught:
        sql("copy t from %s format json %s maxerror 100", (put("o", "{}"), put("p", content)))
    assert caught.value.object_url == put("p", content)


def test_jsonpaths_do_not_mix_notations(sql: Sql, put: Put) -> None:
    """copy-json-jsonpath-expressions: "you cannot mix notations"."""
    sql("create temp table t (a varchar(8), i integer)")
    with pytest.raises(CopyError, match="mixes bracket and dot notation"):
        sql("copy t from %s format json %s", (put("o", "{}"), put("p", paths("$.a", "$['i']"))))
