"""The commands that inspect the source and the warehouse: digest, rejects, why and reconcile."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command_line import Run, events, one_line


def test_the_digest_does_not_know_the_way(sparkify: Run) -> None:
    sparkify("load", "--days", "2018-11-04")
    sparkify("load")
    piecemeal = sparkify("digest").out
    sparkify("tables", "reset", "--confirm", "reset")
    assert sparkify("digest").out != piecemeal
    sparkify("load")
    assert sparkify("digest").out == piecemeal
    sparkify("load", "--full")
    sparkify("load", "--republish")
    assert sparkify("digest").out == piecemeal


def test_odd_lines_leave_the_run_whole(sparkify: Run, tmp_path: Path) -> None:
    """A day that is one array, beside lines that are no object: each is a reject, and nothing else is lost."""
    array, odd = events(tmp_path, "2018-11-02"), events(tmp_path, "2018-11-03")
    records = [json.loads(line) for line in array.read_text().splitlines()]
    array.write_text(json.dumps(records))
    odd.write_bytes(odd.read_bytes() + b'\nnull\n42\n[1,2]\n"a comment"\n')
    song = next((tmp_path / "source/song_data").rglob("*.json"))
    song.write_text(f"[{song.read_text()}]")
    report = json.loads(sparkify("load", "--format", "json").out)
    assert report["records_read"] == 430 - len(records) + 1 + 4
    assert report["rows_quarantined"] == 1 + 4 + 1
    rejects = json.loads(sparkify("rejects", "--format", "json").out)
    assert [r["reason"].partition(";")[0] for r in rejects if r["dataset"] == "songs"] == ["a JSON array"]
    (cut,) = (r["raw_record"] for r in rejects if r["partition_key"] == "2018-11-02")
    assert (
        cut == f"{json.dumps(records)[:300]}… ({len(json.dumps(records)):,} characters; --full prints them)"
    )
    whole = json.loads(sparkify("rejects", "--day", "2018-11-02", "--full", "--format", "json").out)
    assert json.loads(whole[0]["raw_record"]) == records
    assert max(map(len, sparkify("rejects").out.splitlines())) < 1000


def test_why_names_the_object_of_a_play(sparkify: Run) -> None:
    sparkify("load")
    assert sparkify("rejects").out == "Nothing is in quarantine.\n"
    assert sparkify("rejects", "--day", "2018-11-03").out == "Nothing of 2018-11-03 is in quarantine.\n"
    rows = json.loads(
        sparkify(
            "query",
            "select songplay_id, event_date from sparkify.songplays order by 1 limit 1",
            "--format",
            "json",
        ).out
    )
    found = json.loads(sparkify("why", rows[0]["songplay_id"], "--format", "json").out)
    assert found["events"][0]["object_key"].endswith(f"{rows[0]['event_date']}-events.json")
    content = found["events"][0]["content_hash"]
    assert content.startswith("sha256:")
    for flags, shown in (((), False), (("--verbose",), True)):
        told = sparkify("why", rows[0]["songplay_id"], *flags).out
        assert found["events"][0]["object_key"] in told
        assert (content in told) is shown
    assert "no play" in one_line(sparkify("why", "0-0"))


def test_reconcile_finds_a_row_that_was_taken(sparkify: Run) -> None:
    sparkify("load")
    assert sparkify("reconcile", "--deep").code == 0
    sparkify(
        "query",
        "--write",
        "delete from sparkify.songs where song_id in (select min(song_id) from sparkify.songs)",
    )
    found = sparkify("reconcile", "--deep", "--format", "json")
    assert found.code == 1
    assert [(f["kind"], f["where"]) for f in json.loads(found.out)] == [("missing", "songs")]


def test_what_the_source_holds_besides_data_is_named_and_no_difference(sparkify: Run, tmp_path: Path) -> None:
    sparkify("load")
    (tmp_path / "source" / "notes.txt").write_text("not data")
    found = sparkify("reconcile")
    assert found.code == 0
    assert "unrecognised notes.txt" in found.out
    assert found.out.endswith("Source and warehouse agree.\n")
    events(tmp_path, "2018-11-02").write_text("")
    assert sparkify("reconcile").out.endswith("\n1 difference\n")


def test_rejects_are_only_pointed_to_where_there_are_some(sparkify: Run, tmp_path: Path) -> None:
    sparkify("load")
    day = events(tmp_path, "2018-11-02")
    lines = day.read_text().splitlines()
    day.write_text("\n".join(lines[: len(lines) // 4]))
    sparkify("load")
    assert "sparkify rejects" not in sparkify("status").out
    day.write_text("\n".join([*lines, *["no record"] * len(lines)]))
    sparkify("load")
    assert "`sparkify rejects --day 2018-11-02` shows what is rejected" in sparkify("status").out
