"""Where a play comes from: the objects of its day, the run, the rules, and how its song was found."""

from __future__ import annotations

from typing import Any

from sparkify_assets import sql
from sparkify_assets.resources.redshift import Transaction, Warehouse


class NoSuchPlay(LookupError):
    """There is no play of this id."""


def why(warehouse: Warehouse, songplay_id: str) -> dict[str, Any]:
    """The provenance of a play, as data. Raises NoSuchPlay, WarehouseError."""
    with warehouse.transaction(lock=False) as transaction:
        found = transaction.records("why/play", songplay_id=songplay_id)
        if not found:
            raise NoSuchPlay(f"there is no play {songplay_id}")
        play = found[0]
        sources = _loads(transaction, "events", str(play["event_date"]))
        songs: list[dict[str, Any]] = []
        if play["song_id"] is not None:
            for (prefix,) in transaction.rows("why/song_prefix", song_id=play["song_id"]):
                songs += _loads(transaction, "songs", prefix)
    return {
        "play": play,
        "match": _match_rule(play),
        "events": sources,
        "songs": songs,
        "rules": sql.rules_hash(),
    }


def _loads(transaction: Transaction, dataset: str, key: str) -> list[dict[str, Any]]:
    return transaction.records("why/loads", dataset=dataset, partition_key=key)


def _match_rule(play: dict[str, Any]) -> str:
    """The rule of sql/merge/songplays.sql that gave this play its song, in words."""
    if play["song_id"] is None:
        return "no song has this title by an artist of this name"
    if play["namesakes"] == 1:
        return "the one song of this title by an artist of this name"
    return (
        f"{play['namesakes']} songs share this title and artist name; the nearest duration"
        f" ({play['song_duration']} s to {play['length']} s) wins, then the smallest song_id"
    )
