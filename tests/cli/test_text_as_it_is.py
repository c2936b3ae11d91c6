"""Text is text: what looks like rich's markup, an emoji's name or a terminal's command is printed as it is, by every
command that prints data (https://rich.readthedocs.io/en/stable/markup.html).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from sparkify_assets.cli import console
from sparkify_assets.cli.demo import print_overview
from sparkify_assets.warehouse.connection import Warehouse
from tests.command_line import Run, events, one_line

ODD = ":smile: [bold]x[/bold] [/] [red] 42"
ODD_NAME = ":smile: [bold]x"  # a file's name has no slash
DAY = "2018-11-02"


@pytest.fixture
def odd(sparkify: Run, tmp_path: Path) -> Run:
    """The command line over a source in which plays, a reject, a level and a file's name are odd."""
    day = events(tmp_path, DAY)
    records = [json.loads(line) for line in day.read_text().splitlines()]
    plays = [record for record in records if record["page"] == "NextSong"]
    for play in plays:
        play |= {"song": ODD, "artist": ODD, "location": ODD, "level": ":smile:[/]"}
    lines = [*map(json.dumps, records), json.dumps({**plays[0], "ts": ODD}), json.dumps(ODD)]
    day.write_text("\n".join(lines))
    (day.parent / f"{ODD_NAME}.txt").write_text("")
    return sparkify


def test_what_is_loaded_is_printed_as_it_is(odd: Run) -> None:
    loaded = odd("load").out
    assert ODD_NAME in loaded, "an unrecognised file"
    assert "level: :smile:[/]" in loaded, "an example of a warning"
    status = odd("status").out
    assert ODD_NAME in status
    assert "level: :smile:[/]" in status
    assert ODD in odd("rejects", "--full").out
    play = f'select songplay_id, location as "{ODD}" from sparkify.songplays order by level limit 1'
    columns, values = odd("query", play).out.splitlines()
    assert ODD in columns
    assert ODD in values
    identifier = values.split()[0]
    assert f"song {ODD} by {ODD}: not matched" in odd("why", identifier).out
    assert ODD_NAME in odd("reconcile").out


def test_the_overview_prints_songs_and_rejects_as_they_are(
    odd: Run, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    odd("load")
    print_overview(warehouse)
    assert f"{ODD} — {ODD}" in capsys.readouterr().out


def test_a_release_and_an_error_are_printed_as_they_are(odd: Run) -> None:
    odd("tables", "create")
    assert ODD_NAME in one_line(odd("release", ODD_NAME, "--reason", ODD))
    assert "[/]:smile:" in one_line(odd("query", 'select * from "[/]:smile:"'))
    assert ODD in one_line(odd("status", WAREHOUSE=ODD))


def test_a_released_day_tells_its_reason_as_it_is(odd: Run, tmp_path: Path) -> None:
    day = events(tmp_path, DAY)
    day.write_text(day.read_text() + "\n[1]" * 5_000)
    assert f"blocked {DAY}" in odd("load").out
    assert odd("release", DAY, "--reason", ODD).code == 0
    assert f"released: {ODD}" in odd("status", "--verbose").out


def test_nothing_that_is_printed_commands_a_terminal(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write into a log that is loaded could otherwise move the cursor of whoever looks at its rejects."""
    monkeypatch.setattr(console, "out", Console(force_terminal=True, width=200, color_system=None))
    shown = sparkify("query", "select chr(27) || '[2J' || chr(7) || chr(13) || 'gone' as a").out
    assert r"\x1b[2J\x07\x0dgone" in shown
    assert "\x1b[2J" not in shown
    monkeypatch.setattr(
        console, "err", Console(stderr=True, force_terminal=True, width=200, color_system=None)
    )
    assert "\x1b[2J" not in sparkify("status", WAREHOUSE="\x1b[2J").err
