"""Every case of conformance/ on the local Redshift, each as a test, and the runner itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import redshift_local
from redshift_local import conformance
from redshift_local.conformance import Case, Result, Runner
from redshift_local.session import Connection

FOLDER = Path(__file__).parent / "conformance"
CASES = [case for file in sorted(FOLDER.glob("*.toml")) for case in conformance.read(file)]


@pytest.fixture(scope="module")
def run(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Case], Result]]:
    """Run a case; those of one file share a session."""
    objects = tmp_path_factory.mktemp("objects").as_uri()
    runners: dict[str, Runner] = {}

    def run(case: Case) -> Result:
        if case.file not in runners:
            runners[case.file] = Runner(redshift_local.connect(server), objects)
            runners[case.file].prepare((FOLDER / "setup.sql").read_text("utf-8"))
        return runners[case.file].run(case)

    yield run
    for runner in runners.values():
        runner.connection.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_case(case: Case, run: Callable[[Case], Result]) -> None:
    result = run(case)
    assert result.holds, f"{case.sql}\n{result.outcome}: {result.answer}\ndocumented: {case.documented}"
    if case.refused or case.declared:
        assert result.outcome != "as documented", "it is not refused any more, and does not differ"


# --- the runner ---------------------------------------------------------------------------------------------------


def _case(sql: str, **expected: object) -> Case:
    return Case(file="test", name="case", page="r_AVG", sql=sql, **expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "case"),
    [
        ("as documented", _case("select 1, null, 'a'", rows=[["1", "\\N", "a"]])),
        ("as documented", _case("select 1.50::decimal(8,2), true", rows=[["1.50", "t"]], types=["numeric", "boolean"])),
        ("as documented", _case("select 1 where false", rows=[])),
        ("as documented", _case("select 1/0", error="division by zero")),
        ("as documented", _case("select a from t", setup=["create temp table t as select 2 as a"], rows=[["2"]])),
        ("differs", _case("select 1", rows=[["2"]])),
        ("differs", _case("select 1", types=["bigint"])),
        ("differs", _case("select 1", error="")),
        ("error", _case("select 1/0", rows=[["1"]])),
        ("error", _case("select 1/0", error="overflow")),
        ("error", _case("select 1", setup=["select 1/0"], rows=[["1"]])),
        ("refused", _case("select a from t for update", rows=[["1"]])),
        ("refused", _case("select a from t for update", refused="why")),
        ("differs", _case("select 1", refused="why")),
        ("differs", _case("select 1", rows=[["2"]], declared="why")),
        ("refused", _case("select st_point(1, 2)", error="")),
        ("recorded", _case("select 1", silent=True)),
        ("recorded", _case("select 1/0", silent=True)),
    ],
)  # fmt: skip
def test_a_case_is_judged_by_what_comes_back(outcome: str, case: Case, run: Callable[[Case], Result]) -> None:
    result = run(case)
    assert result.outcome == outcome
    expected = {"refused": case.refused, "differs": case.declared, "error": ""}
    assert result.holds == bool(expected.get(outcome, "kept"))


def test_nothing_of_a_case_remains(run: Callable[[Case], Result]) -> None:
    once = _case("select count(*) from t", setup=["create temp table t (a integer)"], rows=[["0"]])
    assert run(once).holds
    assert run(once).holds


def test_the_objects_of_a_case_can_be_copied(connection: Connection, tmp_path: Path) -> None:
    case = _case(
        "select a from t order by a",
        setup=[
            "create temp table t (a varchar(8))",
            "copy t from '{objects}/' iam_role default format json 'auto'",
        ],
        objects={"1.json": '{"a": "x"}', "2.json": {"base64": "eyJhIjogInkifQ=="}},
        rows=[["x"], ["y"]],
    )
    assert Runner(connection, tmp_path.as_uri()).run(case).answer == "x; y"


@pytest.mark.parametrize("text", ["sql = 'select 1'", "sql = 'select 1'\nrows = []\nresult = 2"])
def test_a_case_must_say_what_it_expects(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f"[[case]]\nname = 'x'\npage = 'r_AVG'\n{text}\n")
    with pytest.raises(ValueError, match=r"^a\.toml: x: "):
        conformance.read(tmp_path / "a.toml")


def test_the_command_says_what_differs(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.toml").write_text(
        "[[case]]\nname = 'one'\npage = 'r_AVG'\nsql = 'select 1'\nrows = [['1']]\n"
        "[[case]]\nname = 'two'\npage = 'r_AVG'\nsql = 'select 2'\nrows = [['1']]\n"
    )
    from redshift_local.__main__ import main

    assert (
        main(["check", "--url", server, str(tmp_path / "a.toml"), "--write", str(tmp_path / "page.md")]) == 1
    )
    assert capsys.readouterr().out.splitlines() == [
        "as documented  a: one",
        "differs        a: two",
        "    select 2",
        "    documented: 1",
        "    answered:   2",
        "2 cases: 1 as documented, 1 differs",
    ]
    written = (tmp_path / "page.md").read_text("utf-8")
    assert "**No real Redshift was ever asked.**" in written
    assert "/r_AVG.html) | `select 2` | `1` | differs: 2 |" in written
