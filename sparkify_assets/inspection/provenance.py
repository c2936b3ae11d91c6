"""The provenance of a play: the objects of its days, the run, the rules, and how its song was found."""

from __future__ import annotations

import re
from typing import Any

from sparkify_assets.errors import SparkifyError
from sparkify_assets.inspection.sought import holders_first
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import counted
from sparkify_assets.source.store import ObjectStore
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.transaction import Transaction

#: A session and an item, such as 818-5.
_ITEM = re.compile(r"(-?\d+)-(-?\d+)")

#: The fields of an event that identify a play, and its columns.
_EVENT = {"userId": "user_id", "sessionId": "session_id", "itemInSession": "item_in_session", "ts": "ts"}

#: How many plays an ambiguous name lists.
_MAX_CANDIDATES = 10


class NoSuchPlay(SparkifyError):
    """There is no play with this id, or several plays share this session and item."""


def why(warehouse: Warehouse, name: str, source: ObjectStore | None = None) -> dict[str, Any]:
    """The provenance of a play, as data. `name` is its songplay_id, or its session and item if these are unique. With
    the source, its objects are read to tell which of them hold the song and the event, and on which line.

    Raises NoSuchPlay, which lists the candidates where there are several, and WarehouseError.
    """
    with warehouse.transaction(lock=False) as transaction:
        found = provenance(transaction, name)
    return with_lines(found, source) if source else found


def with_lines(found: dict[str, Any], source: ObjectStore) -> dict[str, Any]:
    """A provenance whose objects say on which line they hold the event or the song, those first that do."""
    play = found["play"]
    event = {name: play[column] for name, column in _EVENT.items()}
    return {
        **found,
        "events": holders_first(source, found["events"], event),
        "songs": holders_first(source, found["songs"], {"song_id": play["song_id"]}),
    }


def provenance(transaction: Transaction, name: str) -> dict[str, Any]:
    """The same, asked in a transaction that is there."""
    found = transaction.records("why/play", songplay_id=_songplay_id(transaction, name))
    if not found:
        raise NoSuchPlay(f"there is no play {name}")
    play = found[0]
    key = {column: play[column] for column in ("user_id", "session_id", "item_in_session", "ts")}
    days = transaction.rows("why/deliveries", **key)
    play["deliveries"] = sum(number for _, number in days)
    sources = _loads(transaction, "events", str(play["event_date"]))
    for day, _ in days:
        if day != play["event_date"]:
            sources += _loads(transaction, "events", str(day))
    songs: list[dict[str, Any]] = []
    if play["song_id"] is not None:
        for (prefix,) in transaction.rows("why/song_prefix", song_id=play["song_id"]):
            songs += _loads(transaction, "songs", prefix)
    return {
        "play": play,
        "match": _match_rule(play) if play["song_id"] is not None else _why_unmatched(transaction, play),
        "events": sources,
        "songs": songs,
        "rules": queries.rules()._asdict(),
    }


def _songplay_id(transaction: Transaction, name: str) -> str:
    """The id for a name: the name itself, or the id of the only play of a session and item."""
    match = _ITEM.fullmatch(name)
    if match is None:
        return name
    rows = transaction.rows("why/plays_of_item", session_id=int(match[1]), item_in_session=int(match[2]))
    ids = [songplay_id for (songplay_id,) in rows]
    if len(ids) > 1:
        more = f" and {len(ids) - _MAX_CANDIDATES:,} more" if len(ids) > _MAX_CANDIDATES else ""
        raise NoSuchPlay(f"{name} names {len(ids):,} plays: {', '.join(ids[:_MAX_CANDIDATES])}{more}")
    return ids[0] if ids else name


def _loads(transaction: Transaction, dataset: str, key: str) -> list[dict[str, Any]]:
    return transaction.records("why/loads", dataset=dataset, partition_key=key)


def _why_unmatched(transaction: Transaction, play: dict[str, Any]) -> str:
    """Why a play has no song, and what the library has of its title and its artist, in words."""
    if play["song"] is None or play["artist"] is None:
        return "a play without a title or an artist matches no song"
    names = {name: play[name].rstrip(" ") for name in ("song", "artist")}
    (near,) = transaction.records("why/near", **names)
    said = "no song has this title by an artist of this name; "
    if near["in_other_case"]:
        return f"{said}one differs only in upper and lower case"
    found = []
    if near["of_title"]:
        found.append(
            f"{counted(near['of_title'], 'song')} by others with the title, such as by {near['first_artist']}"
        )
    if near["of_artist"]:
        found.append(
            f"{counted(near['of_artist'], 'other song')} by the artist, such as {near['first_title']}"
        )
    return f"{said}the library has {' and '.join(found) or 'neither'}"


def _match_rule(play: dict[str, Any]) -> str:
    """The rule of sql/merge/songplays.sql that gave this play its song, in words."""
    if play["namesakes"] == 1:
        rule = "the one song of this title by an artist of this name"
    else:
        rule = f"{play['namesakes']} songs share this title and artist name; "
        if play["length"] is None:
            rule += "the play's length is not known, so the smallest song_id wins"
        elif play["song_duration"] is None:
            rule += "no duration of theirs is known, so the smallest song_id wins"
        else:
            rule += (
                f"the nearest duration ({play['song_duration']} s to {play['length']} s) wins,"
                " then the smallest song_id"
            )
    known_as = play["artist_name"]
    if (known_as or "").rstrip(" ") != play["artist"].rstrip(" "):
        rule += f"; the artist goes by {known_as or 'no name'}, and by this name in another record"
    return rule
