"""What a query prints: a table where it fits, otherwise a column a line; a row a line where nobody reads."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.console import Console

from sparkify_assets.cli import console
from sparkify_assets.cli.rows import print_listing, print_rows

WIDE = ("songplay_id", "start_time", "level", "location", "user_agent", "session_id")
AGENT = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/35.0.1916.153 Safari/537.36"
PLAY = (
    "139-1-8-1541106106796",
    "2018-11-01 21:01:46.796000",
    "free",
    "Phoenix-Mesa-Scottsdale, AZ",
    AGENT,
    139,
)


def a_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(console, "out", Console(force_terminal=True, width=width, color_system=None))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_wide_row_is_a_column_a_line(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_terminal(monkeypatch, width)
    print_rows(WIDE, [PLAY, PLAY], "table")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line.startswith("──")] == ["── row 1", "── row 2"]
    one = lines[1 : len(lines) // 2]
    assert [line.split()[0] for line in one if not line.startswith(" ")] == list(WIDE), "each begins a line"
    assert " ".join(" ".join(one).split()).count(AGENT) == 1, "and no value is cut"


def test_what_fits_is_a_table_with_numbers_at_the_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_terminal(monkeypatch, 60)
    rows = [("free", 75, Decimal("1.5"), None), ("paid", 1_000, None, "a\nb")]
    print_rows(("level", "users", "share", "note"), rows, "table")
    assert capsys.readouterr().out.splitlines() == [
        "level  users  share  note",
        "free      75    1.5",
        r"paid    1000         a\nb",
    ]
    print_rows(("level", "users"), [("free", 75)], "table", expanded=True)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "── row 1",
        "level  free",
        "users  75",
    ]
    print_rows(WIDE, [], "table")
    assert len(capsys.readouterr().out.splitlines()) == 1, "no rows are no reason for lines"


def test_a_row_that_is_piped_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(WIDE, [(*PLAY[:4], AGENT * 5, 139)], "table")
    columns, row = capsys.readouterr().out.splitlines()
    assert columns.split() == list(WIDE)
    assert AGENT * 5 in row


def test_a_letter_that_takes_two_columns_does(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(("song", "plays"), [("夜", 1), ("day", 20)], "table")
    assert len({cell_len(line) for line in capsys.readouterr().out.splitlines()}) == 1


def test_only_the_last_column_of_a_listing_is_folded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_terminal(monkeypatch, 60)
    print_listing(("table", "holds"), [("sparkify.songplays", "word " * 30)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("sparkify.songplays  word")
    assert max(map(cell_len, lines)) <= 60
