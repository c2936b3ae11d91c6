r"""Made-up source data in the exact form of the Sparkify data sets, for demo, tests and benchmark.

Belongs here: what a listener's day looks like, and how a record is written. Does not: reading, loading, or
anything that knows the warehouse. The form was taken from the real files. Events: one compact object a line,
`/` escaped, no final line break, in `log_data/YYYY/MM/YYYY-MM-DD-events.json` by the UTC day of `ts`. Songs:
one spaced object a file, in `song_data/A/B/C/TRABC….json`. ASCII throughout, other letters as `\uXXXX`.

The same arguments give the same bytes on every Python: all draws come from `Random.random()`, the one method
whose sequence is promised (https://docs.python.org/3/library/random.html#notes-on-reproducibility).
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Place = tuple[str | None, float | None, float | None]

HOUR = 3_600_000  # milliseconds, as `ts` counts
DAY = 24 * HOUR

#: How busy the hours of a day (UTC) and the days of a week (Monday first) are, relative to each other.
HOURS = (19, 20, 16, 13, 16, 21, 23, 22, 25, 31, 36, 39, 37, 41, 50, 58, 63, 57, 58, 43, 40, 33, 25, 22)
WEEKDAYS = (0.95, 1.0, 1.25, 1.0, 1.2, 0.6, 0.4)

#: At most so many users and played songs are kept in memory, however much is written.
MOST_USERS = 20_000
MOST_TRACKS = 20_000

FEMALE_NAMES = """Ada Beatriz Chloe Dalia Esmé Freya Grace Hana Ines Jacqueline Kaylee Lily Mónica Noor
    Olive Priya Rosalía Siân Tegan Uma Violet Wren Yuki Zoë""".split()
MALE_NAMES = """Amir Björn Cole Dmitri Elias Felix Gustavo Hiro Isaac Jacob José "Kid" Luca Mateo Nikolai
    Omar Pavel Rylan Sven Tomás Umberto Víctor Walter Youssef""".split()
LAST_NAMES = """Andrade Bell Cuevas D'Angelo Eriksen Fernández George Harrell Ivanova Jensen Koch Levine
    Miles Müller Nakamura O'Neil Okafor Park Quinn Rodriguez Smith-Jones Summers Tanaka Ueda Vargas
    Watkins Young Zając""".split()
ADJECTIVES = """Ancient Blue Broken Crooked Distant Electric Faithful Golden Hollow Hidden Icy Jealous Kind
    Lonely Midnight Northern Open Paper Quiet Restless Silver Tender Unspoken Velvet Wild Young""".split()
NOUNS = """Anchor Bridge Candle Dream Engine Fire Garden Harbour Island Journey Kingdom Letter Mirror Night
    Ocean Parade River Signal Train Umbrella Valley Window Winter Yard""".split()
TOWNS = """Aarhus Berlin Córdoba Dakar Eugene Fargo Göteborg Houston Kraków Leeds Memphis Nantes Osaka Porto
    Quito Reykjavík Tulsa Utrecht Xalapa Zürich""".split()
WORDS = {
    "first": FEMALE_NAMES + MALE_NAMES,
    "last": LAST_NAMES,
    "adjective": ADJECTIVES,
    "noun": NOUNS,
    "town": TOWNS,
}
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
CITIES = (
    "Atlanta-Sandy Springs-Roswell, GA", "Birmingham-Hoover, AL", "Chicago-Naperville-Elgin, IL-IN-WI",
    "Dallas-Fort Worth-Arlington, TX", "Eugene, OR", "Houston-The Woodlands-Sugar Land, TX",
    "Janesville-Beloit, WI", "Klamath Falls, OR", "Lansing-East Lansing, MI", "Marinette, WI-MI",
    "New York-Newark-Jersey City, NY-NJ-PA", "Phoenix-Mesa-Scottsdale, AZ", "Portland-South Portland, ME",
    "Red Bluff, CA", "San Francisco-Oakland-Hayward, CA", "Tampa-St. Petersburg-Clearwater, FL",
    "Waterloo-Cedar Falls, IA", "Yuba City, CA",
)  # fmt: skip
USER_AGENTS = (
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/36.0.1985.143 Safari/537.36"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.78.2 (KHTML, like Gecko) '
    'Version/7.0.6 Safari/537.78.2"',
    '"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/37.0.2062.103 '
    'Safari/537.36"',
    '"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/36.0.1985.125 '
    'Chrome/36.0.1985.125 Safari/537.36"',
    '"Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2 (KHTML, like Gecko) '
    'Version/7.0 Mobile/11D257 Safari/9537.53"',
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.9; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0)",
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


@dataclass(frozen=True)
class SampleSummary:
    """What was written: first and last event day (UTC), records, and how many files and bytes they take."""

    first_day: date
    last_day: date
    events: int
    songs: int
    files: int
    bytes: int


def write_sample(
    out: Path, *, events: int, songs: int, days: int, seed: int, first_day: date = date(2018, 11, 1)
) -> SampleSummary:
    """Write `events` events over `days` days and `songs` song files into the folder `out`.

    `out` appears whole or not at all. Beside the data it holds `log_json_path.json`, and the summary as
    `sample.json`. A day on which nobody listened, as happens with a handful of events a day, has no file.
    Memory stays flat however many events are written. Raises ValueError for counts that make no sense,
    FileExistsError where `out` already holds something.
    """
    if events < 0 or songs < 0 or days < 1:
        raise ValueError(f"a sample takes events ≥ 0, songs ≥ 0, days ≥ 1; got {events}, {songs}, {days}")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out}: not empty; samples are written into a folder of their own")
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)

    library = _write_songs(part, songs, _Dice(f"songs {seed}"))
    _write_events(part, _Audience(events, library, _Dice(f"events {seed}")), events, days, first_day)
    sizes = [path.stat().st_size for path in part.rglob("*.json")]
    last_day = first_day + timedelta(days=days - 1)
    summary = SampleSummary(first_day, last_day, events, songs, len(sizes), sum(sizes))
    fields = json.loads(_line(NOBODY, HOME, SILENCE, 0, "free", 0, 0))
    jsonpaths = {"jsonpaths": [f"$['{field}']" for field in fields]}
    (part / "log_json_path.json").write_text(json.dumps(jsonpaths, indent=4), "utf-8")
    (part / "sample.json").write_text(json.dumps(asdict(summary), indent=4, default=str) + "\n", "utf-8")
    part.replace(out)
    return summary


class _Dice:
    """Draws that are the same everywhere: each is made from `Random.random()`, by nothing but multiplying."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed).random

    def below(self, bound: int) -> int:
        return int(self.random() * bound)

    def chance(self, share: float) -> bool:
        return self.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.random() * len(choices))]

    def pick_early(self, choices: Sequence[T]) -> T:
        """Prefer what stands in front, as hits are preferred: the first tenth gets a third of the draws."""
        return choices[int(self.random() * self.random() * len(choices))]

    def fill(self, form: str) -> str:
        """Put words into a form such as `{adjective} {noun}`."""
        return re.sub(r"{(\w+)}", lambda blank: self.pick(WORDS[blank[1]]), form)


# Songs


class _Track(NamedTuple):
    """What can be played: artist, title and length as the JSON texts of an event, and the length in ms."""

    artist: str
    title: str
    length: str
    lasts: int


class _Artist(NamedTuple):
    """An artist, with the names and the places that its songs give: usually one of each."""

    id: str
    names: list[str]
    places: list[Place]


def _write_songs(out: Path, songs: int, dice: _Dice) -> list[_Track]:
    """Write the song files; returns what can be played of them."""
    (out / "song_data").mkdir()
    artists = [_make_artist(number, dice) for number in range(min(1 + songs * 2 // 3, MOST_TRACKS))]
    tracks: list[_Track] = []
    artist, title = artists[0], ""
    for number in range(songs):
        if number % 40 != 39:  # else the song before once more, in another recording
            artist, title = dice.pick_early(artists), dice.fill(dice.pick(TITLE_FORMS))
        name, duration = dice.pick(artist.names), _duration(dice)
        song = _song_record(number, artist, name, title, duration, dice)
        letters = _letters(number, songs, dice)
        folder = out / "song_data" / Path(*letters)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"TR{letters}{_suffix(number, dice)}.json").write_text(json.dumps(song), "ascii")
        if number < MOST_TRACKS:
            tracks.append(_make_track(name, title, duration))
    return tracks


def _make_artist(number: int, dice: _Dice) -> _Artist:
    name = dice.fill(dice.pick(ARTIST_FORMS))
    names, places = [name], [dice.pick(PLACES)]
    if dice.chance(0.2):
        names += [name, f"{name} Featuring {dice.pick(LAST_NAMES)}", name.upper()]
    if dice.chance(0.2):
        places += [(None, None, None), dice.pick(PLACES)]
    return _Artist(f"AR{_code(3, dice)}{_suffix(number, dice)}", names, places)


def _song_record(
    number: int, artist: _Artist, name: str, title: str, duration: float, dice: _Dice
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


def _letters(number: int, songs: int, dice: _Dice) -> str:
    """The three folder letters; the more songs, the more first letters, and each with all 26 second ones."""
    first = number // 26 % min(26, 1 + songs // 1000)
    return chr(65 + first) + chr(65 + number % 26) + _code(1, dice)


def _suffix(number: int, dice: _Dice) -> str:
    """The rest of an id, as in …AZH128F930419A: two letters, then hex unique below 2^28.

    (Multiplying by an odd constant only reorders the numbers below a power of two.)
    """
    return f"{_code(2, dice)}128F{number * 0x9E3779B1 % 2**28:07X}"


def _code(length: int, dice: _Dice) -> str:
    return "".join(chr(65 + dice.below(26)) for _ in range(length))


def _duration(dice: _Dice) -> float:
    """Seconds with five decimals, about four minutes, as in the real files."""
    return round(30 + 220 * (dice.random() + dice.random()), 5)


def _make_track(artist: str, title: str, duration: float) -> _Track:
    return _Track(_event_json(artist), _event_json(title), repr(duration), int(duration * 1000))


def _event_json(text: str) -> str:
    return json.dumps(text).replace("/", "\\/")


# Events


class _Face(NamedTuple):
    """Who an event says it comes from: the JSON texts of its fields."""

    auth: str
    first_name: str
    gender: str
    last_name: str
    location: str
    registration: str
    user_agent: str
    user_id: str


class _Page(NamedTuple):
    name: str
    method: str
    status: int


@dataclass(slots=True)
class _User:
    face: _Face
    level: str
    busy_until: int = 0


NOBODY = _Face("Logged Out", "null", "null", "null", "null", "null", "null", "")
SILENCE = _Track("null", "null", "null", 0)

NEXT_SONG, HOME = _Page("NextSong", "PUT", 200), _Page("Home", "GET", 200)
LOGIN, LOGOUT = _Page("Login", "PUT", 307), _Page("Logout", "PUT", 307)
HELP, ABOUT = _Page("Help", "GET", 200), _Page("About", "GET", 200)
SETTINGS, SAVE_SETTINGS = _Page("Settings", "GET", 200), _Page("Save Settings", "PUT", 307)
ERROR = _Page("Error", "GET", 404)
BEFORE_LOGIN = (*(HOME,) * 8, HELP, ABOUT)
BETWEEN_SONGS = (*(HOME,) * 9, *(HELP,) * 2, *(SETTINGS,) * 3, SAVE_SETTINGS, ABOUT, ERROR)
#: The pages on which a level is looked at and left, and the level that follows.
LEVELS = {
    "free": (_Page("Upgrade", "GET", 200), _Page("Submit Upgrade", "PUT", 307), "paid"),
    "paid": (_Page("Downgrade", "GET", 200), _Page("Submit Downgrade", "PUT", 307), "free"),
}

Step = tuple[_Face, _Page, _Track]


class _Audience:
    """The listeners and what they play."""

    def __init__(self, events: int, library: list[_Track], dice: _Dice) -> None:
        self.dice = dice
        self.library = library
        self.users = [_make_user(number, dice) for number in range(min(20 + events // 100, MOST_USERS))]
        self.elsewhere = [self._make_unknown() for _ in range(max(50, len(library)))]

    def _make_unknown(self) -> _Track:
        artist, title = self.dice.pick(ARTIST_FORMS), self.dice.pick(TITLE_FORMS)
        return _make_track(self.dice.fill(artist), self.dice.fill(title), _duration(self.dice))

    def next_user(self, start: int) -> _User:
        """Somebody who is not listening yet at `start`; in a crowd where nearly all are, anybody."""
        for _ in range(20):
            user = self.dice.pick_early(self.users)
            if user.busy_until <= start:
                break
        return user

    def next_track(self) -> _Track:
        """Three plays of five are of the library's songs, when it has any."""
        known = self.library and self.dice.chance(0.6)
        return self.dice.pick_early(self.library if known else self.elsewhere)

    def session(self, user: _User) -> Iterator[Step]:
        """The steps of one session in order; the user's level changes after the step that submits it."""
        dice, face = self.dice, user.face
        if dice.chance(0.1):
            for _ in range(dice.below(3)):
                yield NOBODY, dice.pick(BEFORE_LOGIN), SILENCE
            yield NOBODY, LOGIN, SILENCE
            if dice.chance(0.2):
                return  # a wrong password
        yield face, HOME, SILENCE
        for _ in range(dice.pick((1, 2, 3, 5, 8, 12, 20, 40))):
            yield face, NEXT_SONG, self.next_track()
            if dice.chance(0.08):
                yield face, dice.pick(BETWEEN_SONGS), SILENCE
            if dice.chance(0.004):
                yield from self.think_about_level(user)
        if dice.chance(0.1):
            yield face, LOGOUT, SILENCE
            if dice.chance(0.7):
                yield NOBODY, HOME, SILENCE

    def think_about_level(self, user: _User) -> Iterator[Step]:
        look, submit, other = LEVELS[user.level]
        yield user.face, look, SILENCE
        if self.dice.chance(0.4):
            yield user.face, submit, SILENCE
            user.level = other
            yield user.face, HOME, SILENCE


def _make_user(number: int, dice: _Dice) -> _User:
    gender, first_names = dice.pick((("F", FEMALE_NAMES), ("F", FEMALE_NAMES), ("M", MALE_NAMES)))
    face = _Face(
        auth="Logged In",
        first_name=_event_json(dice.pick(first_names)),
        gender=_event_json(gender),
        last_name=_event_json(dice.pick(LAST_NAMES)),
        location=_event_json(dice.pick(CITIES)),
        registration=f"{1_538_352_000_000 + dice.below(30 * DAY)}.0",  # during October 2018
        user_agent=_event_json(dice.pick(USER_AGENTS)),
        user_id=str(number + 1),
    )
    return _User(face, "paid" if dice.chance(0.25) else "free")


def _write_events(out: Path, audience: _Audience, events: int, days: int, first_day: date) -> None:
    """Write the day files hour by hour; only hours that running sessions still reach into are in memory."""
    (out / "log_data").mkdir()
    dice, ahead = audience.dice, defaultdict[int, list[tuple[int, str]]](list)
    opening = int(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp()) * 1000
    closing = opening + days * DAY
    made = session = 0
    for hour, due in enumerate(_due_by_hour(events, days, first_day, dice)):
        while made < due:
            session += 1
            start = opening + hour * HOUR + dice.below(HOUR)
            user = audience.next_user(start)
            for ts, line in _lines(audience, user, session, start):
                if ts >= closing or made == events:
                    break
                ahead[(ts - opening) // HOUR].append((ts, line))
                made += 1
        lines = [line for _, line in sorted(ahead.pop(hour, []), key=itemgetter(0))]
        if lines:
            _append(out, first_day + timedelta(days=hour // 24), lines)


def _due_by_hour(events: int, days: int, first_day: date, dice: _Dice) -> list[int]:
    """How many events shall have been made by the end of each hour, up to `events`."""
    weights = []
    for day in range(days):
        liveliness = WEEKDAYS[(first_day + timedelta(days=day)).weekday()] * (0.85 + 0.3 * dice.random())
        weights += [liveliness * hour for hour in HOURS]
    total = sum(weights)
    due = [int(events * weight / total) for weight in accumulate(weights)]
    return [*due[:-1], events]


def _lines(audience: _Audience, user: _User, session: int, start: int) -> Iterator[tuple[int, str]]:
    """The events of one session as (ts in ms, line); items count from 0, through midnight too."""
    ts = start
    for item, (face, page, track) in enumerate(audience.session(user)):
        yield ts, _line(face, page, track, item, user.level, session, ts)
        pause = 3_000 if track.lasts or page.status == 307 else 60_000
        ts += track.lasts + 1_000 + audience.dice.below(pause)
    user.busy_until = ts


def _line(face: _Face, page: _Page, track: _Track, item: int, level: str, session: int, ts: int) -> str:
    """One event as it stands in a file; written by hand, which is several times as fast as dumping a dict."""
    return (
        f'{{"artist":{track.artist},"auth":"{face.auth}","firstName":{face.first_name},"gender":{face.gender},'
        f'"itemInSession":{item},"lastName":{face.last_name},"length":{track.length},"level":"{level}",'
        f'"location":{face.location},"method":"{page.method}","page":"{page.name}",'
        f'"registration":{face.registration},"sessionId":{session},"song":{track.title},"status":{page.status},'
        f'"ts":{ts},"userAgent":{face.user_agent},"userId":"{face.user_id}"}}'
    )


def _append(out: Path, day: date, lines: list[str]) -> None:
    path = out / "log_data" / f"{day:%Y}" / f"{day:%m}" / f"{day}-events.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii", newline="\n") as file:
        file.write("\n" * bool(file.tell()) + "\n".join(lines))
