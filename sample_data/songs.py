"""Songs and their artists: JSON objects with blanks between tokens, one in a file, in `song_data/A/B/C/TRABC….json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from sample_data.draws import LAST_NAMES, Dice

Place = tuple[str | None, float | None, float | None]

MAX_TRACKS = 20_000

TITLE_FORMS = (
    *("{adjective} {noun}",) * 4,
    *("{noun} Of The {adjective} {noun}",) * 4,
    *("{first}'s {noun} In {town}",) * 4,
    *("{adjective} {noun} (Live In {town})",) * 3,
    'The "{adjective}" {noun} Of {town}',
    "{noun} / {adjective} {noun}",
    "{adjective}\\{adjective} {noun}",
    "{noun} [feat. {first} {last}]",
    "Canción De {first} Y La {noun}",
    "Ночь {noun} {town}",
    "{noun} {town} の夜 🎵",
)

ARTIST_FORMS = (
    *("{first} {last}",) * 2,
    *("{first} {noun} {last}",) * 5,
    *("The {adjective} {noun}s Of {town}",) * 5,
    "{first} {last} & The {adjective} {noun}s",
    "{adjective} {noun}/{last}",
    'DJ "{noun}" {first} {last}',
    "{town}\\{adjective} {noun}",
    "Orquesta {last} De {town}",
)

#: Where artists are from: location, latitude, longitude.
PLACES: tuple[Place, ...] = (
    ("", None, None),
    ("", None, None),
    ("London, England", 51.50632, -0.12714),
    ("California - LA", 34.05349, -118.24532),
    ("Nashville, TN.", 36.16778, -86.77836),
    ("São Paulo, Brasil", -23.55051, -46.63331),
    ("Reykjavík", None, None),
    ("Hamburg / Berlin", 53.55334, 9.99245),
)


class Track(NamedTuple):
    """A recording that can be played: artist, title and length as JSON, as in an event, and the length in ms."""

    artist: str
    title: str
    length: str
    lasts: int


class _Artist(NamedTuple):
    """An artist with the names and places that appear in its songs, usually one of each."""

    id: str
    names: list[str]
    places: list[Place]


def write_songs(out: Path, songs: int, dice: Dice) -> list[Track]:
    """Write the song files; returns the recordings that can be played."""
    (out / "song_data").mkdir()
    artists = [_make_artist(number, dice) for number in range(min(1 + songs * 2 // 3, MAX_TRACKS))]
    tracks: list[Track] = []
    artist, title = artists[0], ""
    for number in range(songs):
        if number % 40 != 39:  # if it is, this is another recording of the previous song
            artist, title = dice.pick_early(artists), dice.fill(dice.pick(TITLE_FORMS))
        name, seconds = dice.pick(artist.names), duration(dice)
        song = _song_record(number, artist, name, title, seconds, dice)
        letters = _letters(number, songs, dice)
        folder = out / "song_data" / Path(*letters)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"TR{letters}{_suffix(number, dice)}.json").write_text(json.dumps(song), "ascii")
        if number < MAX_TRACKS:
            tracks.append(make_track(name, title, seconds))
    return tracks


def _make_artist(number: int, dice: Dice) -> _Artist:
    name = dice.fill(dice.pick(ARTIST_FORMS))
    names, places = [name], [dice.pick(PLACES)]
    if dice.chance(0.2):
        names += [name, f"{name} Featuring {dice.pick(LAST_NAMES)}", name.upper()]
    if dice.chance(0.2):
        places += [(None, None, None), dice.pick(PLACES)]
    return _Artist(f"AR{_code(3, dice)}{_suffix(number, dice)}", names, places)


def _song_record(
    number: int, artist: _Artist, name: str, title: str, duration: float, dice: Dice
) -> dict[str, str | int | float | None]:
    """One song, its fields in the order of the real files."""
    location, latitude, longitude = dice.pick(artist.places)
    return {
        "num_songs": 1,
        "artist_id": artist.id,
        "artist_latitude": latitude,
        "artist_longitude": longitude,
        "artist_location": location,
        "artist_name": name,
        "song_id": f"SO{_code(3, dice)}{_suffix(number, dice)}",
        "title": title,
        "duration": duration,
        "year": 0 if dice.chance(0.55) else 1960 + dice.below(51),
    }


def _letters(number: int, songs: int, dice: Dice) -> str:
    """The three letters of the folders; more songs use more first letters, each with all 26 second letters."""
    first = number // 26 % min(26, 1 + songs // 1000)
    return chr(65 + first) + chr(65 + number % 26) + _code(1, dice)


def _suffix(number: int, dice: Dice) -> str:
    """The rest of an id, as in …AZH128F930419A: two letters, then a hexadecimal number that is unique below 2^28.

    Multiplication by an odd constant only reorders the numbers below a power of two.
    """
    return f"{_code(2, dice)}128F{number * 0x9E3779B1 % 2**28:07X}"


def _code(length: int, dice: Dice) -> str:
    return "".join(chr(65 + dice.below(26)) for _ in range(length))


def duration(dice: Dice) -> float:
    """Seconds with five decimals, about four minutes, as in the real files."""
    return round(30 + 220 * (dice.random() + dice.random()), 5)


def make_track(artist: str, title: str, seconds: float) -> Track:
    """A track as it appears in a play; `seconds` is its length."""
    return Track(event_json(artist), event_json(title), repr(seconds), int(seconds * 1000))


def event_json(text: str) -> str:
    """A string as it is written in an event: quoted, ASCII, with `/` escaped."""
    return json.dumps(text).replace("/", "\\/")
