"""Every statement that a load sends to Redshift, in order: transcript.txt, which people review.

A batch commits twice, and sends as many statements however many rows it has. What a load sends is written beside the
test's other files when it differs, so that the new text can be looked at and put in the place of the old one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from sample_data.generate import write_sample
from tests.conftest import load_all
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader

TRANSCRIPT = Path(__file__).with_name("transcript.txt")

#: Enough of a statement to know which it is; COPY stands there whole.
SHOWN = 140


@pytest.fixture(scope="module")
def transcript(shared: LoopbackCluster, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a first load of six prefixes and two days sends, a line for each statement."""
    shared.empty()
    return _sent(shared, tmp_path_factory.mktemp("load"), events=120, songs=6)


def _sent(cluster: LoopbackCluster, folder: Path, *, events: int, songs: int, days: int = 2) -> list[str]:
    """Load a made source; what was sent."""
    write_sample(folder / "sample", events=events, songs=songs, days=days, seed=7)
    source = cluster.put_folder(folder / "sample", "landing")
    cluster.endpoint.statements.clear()
    load_all(s3_loader(cluster.warehouse(), source, cluster, folder))
    return [_line(text, cluster) for text in cluster.endpoint.statements]


def test_a_load_sends_what_was_reviewed(transcript: list[str], tmp_path: Path) -> None:
    text = "\n".join([*_counts(transcript), "", *transcript]) + "\n"
    sent = tmp_path / "transcript.txt"
    sent.write_text(text)
    assert TRANSCRIPT.read_text() == text, f"look at {sent}, and put it in the place of {TRANSCRIPT}"


def test_a_batch_commits_twice_and_takes_one_copy(transcript: list[str]) -> None:
    for batch in _batches(transcript):
        assert batch.count("COMMIT") == 2
        assert sum(line.startswith("copy ") for line in batch) == 1  # all prefixes, and all small days


def test_more_rows_send_no_more_statements(
    ready: LoopbackCluster, transcript: list[str], tmp_path: Path
) -> None:
    larger = _sent(ready, tmp_path, events=600, songs=30)
    assert [len(batch) for batch in _batches(larger)] == [len(batch) for batch in _batches(transcript)]


def test_more_small_days_send_no_more_statements(ready: LoopbackCluster, tmp_path: Path) -> None:
    """Thirty days took 234 statements when each had a COPY of its own."""
    batches = {}
    for days in (3, 30):
        ready.empty()
        sent = _sent(ready, tmp_path / str(days), events=100 * days, songs=6, days=days)
        batches[days] = _batches(sent)[1]
        with ready.warehouse().reading() as transaction:
            transaction.cursor.execute("select count(distinct event_date) from staging.events")
            assert transaction.cursor.fetchone() == (days,)
    assert len(batches[3]) == len(batches[30]) <= 234 / 2


def _line(statement: str, cluster: LoopbackCluster) -> str:
    """A statement as one line, without what differs from load to load."""
    text = " ".join(re.sub(r"--[^\n]*", " ", statement).split())
    text = re.sub(r"\b[0-9a-f]{32}\b", "<batch>", text)
    text = text.replace(cluster.bucket, "bucket")
    if text.startswith("copy "):
        return text
    text = re.sub(r"values \(.*", "values (...)", text)
    return text if len(text) <= SHOWN else text[:SHOWN].rpartition(" ")[0] + " ..."


def _batches(lines: Sequence[str]) -> list[list[str]]:
    """The statements of each batch: from the transaction that makes its tables to the commit that publishes it."""
    batches: list[list[str]] = []
    transaction: list[str] = []
    for line in lines:
        transaction.append(line)
        if line != "COMMIT":
            continue
        if any(text.startswith("create temp table incoming_events") for text in transaction):
            batches.append(list(transaction))
        elif any(text.startswith("lock table") for text in transaction):
            batches[-1] += transaction
        transaction = []
    return batches


def _counts(lines: Sequence[str]) -> list[str]:
    songs, events = _batches(lines)
    counts = [f"{len(lines)} statements: a load of 2 days of events and of 6 prefixes of songs"]
    for name, batch in (("songs", songs), ("events", events)):
        copies = sum(line.startswith("copy ") for line in batch)
        counts.append(
            f"a batch of {name}: {batch.count('COMMIT')} commits, {copies} COPYs, {len(batch)} statements"
        )
    return counts
