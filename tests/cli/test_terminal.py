"""How the command line behaves where it is run: colours and bars on a terminal only, completion in a shell."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from rich.console import Console

from sparkify_assets import cli
from sparkify_assets.cli import console
from tests.command_line import Run

ROOT = Path(__file__).parents[2]
SPARKIFY = (sys.executable, "-c", "from sparkify_assets.cli import main; main()")
COLOUR = re.compile(r"\x1b\[[\d;]*\b(?:3|9)\d(?:;|m)")
FAILING = {"SPARKIFY_WAREHOUSE": "oracle://x"}  # an error that needs no warehouse


def environment(**added: str) -> dict[str, str]:
    """That of a plain terminal."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        **added,
    }


def screens(shown: str) -> list[str]:
    """What a progress bar showed, frame by frame, without what moves the cursor and colours."""
    return [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", frame) for frame in shown.split("\x1b[2K")]


def on_a_terminal(*command: str, **added: str) -> str:
    """What a command shows on a terminal."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [*SPARKIFY, *command], stdin=end, stdout=end, stderr=end, env=environment(**added), cwd=ROOT
    )
    os.close(end)
    shown = b""
    try:
        while block := os.read(terminal, 4096):
            shown += block
    except OSError:  # so Linux says that the other end is closed
        pass
    process.wait()
    os.close(terminal)
    return shown.decode()


@pytest.mark.parametrize(("command", "says"), [(("status",), "error"), (("load", "--help"), "Usage")])
def test_colours_are_for_terminals_and_for_who_wants_them(command: tuple[str, ...], says: str) -> None:
    coloured = on_a_terminal(*command, **FAILING)
    assert COLOUR.search(coloured)
    plain = on_a_terminal(*command, **FAILING, NO_COLOR="1")
    assert says in plain
    assert not COLOUR.search(plain)
    piped = subprocess.run(
        [*SPARKIFY, *command],
        env=environment(**FAILING), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert says in piped.stdout + piped.stderr
    assert "\x1b" not in piped.stdout + piped.stderr


def test_a_load_shows_bars_where_somebody_looks(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=True))
    load = sparkify("load")
    assert load.code == 0
    assert "reading events" in load.err
    assert "publishing events" in load.err
    assert "reading" in sparkify("reconcile", "--deep").err
    assert "reading" not in sparkify("load", "--full", "--format", "json").err
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=False))
    assert "reading" not in sparkify("load", "--full").err


def test_the_bars_of_a_load_move_and_leave_nothing(sparkify: Run, tmp_path: Path) -> None:
    """On a terminal of its own, since Dagster redirects descriptors."""
    sparkify("tables", "create")
    of_sparkify = {name: value for name, value in os.environ.items() if name.startswith("SPARKIFY_")}
    shown = on_a_terminal("load", **of_sparkify, NO_COLOR="1", COLUMNS="100")
    assert not COLOUR.search(shown)
    frames = screens(shown)
    for phase, dataset, total in (
        ("reading", "events", 400),
        ("publishing", "events", 400),
        ("publishing", "songs", 30),
    ):
        told = [
            re.search(rf"{phase} {dataset} .*?(\d+)% ([\d,]+) records  ([\d.]+) of [\d.]+ kB", f)
            for f in frames
        ]
        percents = [int(found[1]) for found in told if found]
        assert percents == sorted(percents)
        assert len(set(percents)) > 1, f"{phase} {dataset} stood still"
        assert next(found[2] for found in reversed(told) if found) == str(total)
    assert any(" s left" in frame for frame in frames)
    assert "━" not in frames[-1]
    assert "Loaded 35 files" in frames[-1]
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is there again"


#: Commands whose answer is one line, or that only do something.
NO_JSON = {"psql", "report", "sample", "demo", "dev", "stop", "release", "run", "cancel"}
#: Those of the infrastructure that tell something.
TELLING = {"infra plan", "infra drift", "infra output", "tables first-contact", "tables diff"}


def test_every_command_that_tells_something_tells_it_as_json_too() -> None:
    def commands(group: Any, before: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, command in group.commands.items():
            inner = hasattr(command, "commands")
            found |= commands(command, f"{before}{name} ") if inner else {before + name: command}
        return found

    for name, command in commands(typer.main.get_command(cli.app)).items():
        offered = any("--format" in parameter.opts for parameter in command.params)
        doing = name in NO_JSON or (name.startswith(("tables ", "infra ")) and name not in TELLING)
        assert offered != doing, name


def test_what_a_machine_reads_is_json_and_nothing_else(sparkify: Run) -> None:
    assert json.loads(sparkify("load", "--format", "json").out)["partitions"] > 0
    found = json.loads(sparkify("digest", "--format", "json").out)
    assert found["value"] == sparkify("digest").out.strip()
    assert found["blocked"] == []
    assert "sparkify_songplays" in found["tables"]
    assert json.loads(sparkify("status", "--format", "json").out)["partitions"]
    assert json.loads(sparkify("reconcile", "--format", "json").out) == []
    assert json.loads(sparkify("rejects", "--format", "json").out) == []
    play = sparkify("query", "select min(songplay_id) from sparkify.songplays", "--format", "json")
    (first,) = json.loads(play.out)
    assert json.loads(sparkify("why", first["min"], "--format", "json").out)["play"]


def test_the_shell_completes_commands_and_options(tmp_path: Path) -> None:
    """Installed as README says, in a home of its own; then asked as bash asks."""
    command = tmp_path / "bin" / "sparkify"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom sparkify_assets.cli import main\nmain()\n")
    command.chmod(0o755)
    in_home = environment(HOME=str(tmp_path))
    in_home["PATH"] = f"{command.parent}:{in_home['PATH']}"

    def bash(script: str) -> str:
        done = subprocess.run(
            ["bash", "-c", script], env=in_home, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    bash("sparkify --install-completion; echo")
    function = bash("source ~/.bashrc; complete -p sparkify").split("-F ")[1].split()[0]

    def completed(line: str) -> set[str]:
        asked = f"COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); {function} sparkify"
        return set(bash(f'source ~/.bashrc; {asked}; echo "${{COMPREPLY[@]}}"').split())

    assert completed("sparkify lo") == {"load"}
    assert "--republish" in completed("sparkify load --re")
    assert completed("sparkify tables re") == {"reset"}
    (tmp_path / "data/log_data").mkdir(parents=True)
    (tmp_path / "data/log_data/2018-11-05-events.json").write_text("")
    (tmp_path / ".env").write_text("SPARKIFY_SOURCE=data")
    assert completed("sparkify load --days 20") == {"2018-11-05"}
    assert not (tmp_path / ".sparkify").exists()


def test_no_command_waits_for_a_library_that_it_does_not_use() -> None:
    """Dagster takes a second to import, boto3 and DuckDB a good part of one; `sparkify --help` needs none of them."""
    loaded = "import sys; import sparkify_assets.cli; print(*sys.modules)"
    names = subprocess.run(
        [sys.executable, "-c", loaded], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"dagster", "boto3", "duckdb", "altair", "pyarrow"} & set(names) == set()
