"""What listeners do: events as compact JSON objects, one on each line, in one file for each day (UTC)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from sample_data.draws import FEMALE_NAMES, LAST_NAMES, MALE_NAMES, Dice
from sample_data.songs import ARTIST_FORMS, TITLE_FORMS, Track, duration, event_json, make_track

HOUR = 3_600_000  # milliseconds, as `ts` counts
DAY = 24 * HOUR

#: How busy the hours of a day (UTC) and the days of a week (Monday first) are, relative to each other.
HOURS = (19, 20, 16, 13, 16, 21, 23, 22, 25, 31, 36, 39, 37, 41, 50, 58, 63, 57, 58, 43, 40, 33, 25, 22)

WEEKDAYS = (0.95, 1.0, 1.25, 1.0, 1.2, 0.6, 0.4)

#: The most users that are kept in memory, however many events are written.
MAX_USERS = 20_000

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


class _Identity(NamedTuple):
    """The fields of an event that identify its user, as JSON."""

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
    identity: _Identity
    level: str
    busy_until: int = 0


NOBODY = _Identity("Logged Out", "null", "null", "null", "null", "null", "null", "")
NO_TRACK = Track("null", "null", "null", 0)

NEXT_SONG, HOME = _Page("NextSong", "PUT", 200), _Page("Home", "GET", 200)
LOGIN, LOGOUT = _Page("Login", "PUT", 307), _Page("Logout", "PUT", 307)
HELP, ABOUT = _Page("Help", "GET", 200), _Page("About", "GET", 200)
SETTINGS, SAVE_SETTINGS = _Page("Settings", "GET", 200), _Page("Save Settings", "PUT", 307)
ERROR = _Page("Error", "GET", 404)

BEFORE_LOGIN = (*(HOME,) * 8, HELP, ABOUT)
BETWEEN_SONGS = (*(HOME,) * 9, *(HELP,) * 2, *(SETTINGS,) * 3, SAVE_SETTINGS, ABOUT, ERROR)

#: For each level the pages on which a change is considered and submitted, and the level that follows.
LEVELS = {
    "free": (_Page("Upgrade", "GET", 200), _Page("Submit Upgrade", "PUT", 307), "paid"),
    "paid": (_Page("Downgrade", "GET", 200), _Page("Submit Downgrade", "PUT", 307), "free"),
}


Step = tuple[_Identity, _Page, Track]


class Audience:
    """The listeners and what they play."""

    def __init__(self, events: int, library: list[Track], dice: Dice) -> None:
        self.dice = dice
        self.library = library
        self.users = [_make_user(number, dice) for number in range(min(20 + events // 100, MAX_USERS))]
        self.unknown_tracks = [self._make_unknown() for _ in range(max(50, len(library)))]

    def _make_unknown(self) -> Track:
        artist, title = self.dice.pick(ARTIST_FORMS), self.dice.pick(TITLE_FORMS)
        return make_track(self.dice.fill(artist), self.dice.fill(title), duration(self.dice))

    def next_user(self, start: int) -> _User:
        """A user who is not listening yet at `start`; if nearly all users are, any of them."""
        for _ in range(20):
            user = self.dice.pick_early(self.users)
            if user.busy_until <= start:
                break
        return user

    def next_track(self) -> Track:
        """A track of the library in three of five cases, if it has any, or else an unknown one."""
        known = self.library and self.dice.chance(0.6)
        return self.dice.pick_early(self.library if known else self.unknown_tracks)

    def session(self, user: _User) -> Iterator[Step]:
        """The steps of one session in order; the user's level changes after the step that submits it."""
        dice, identity = self.dice, user.identity
        if dice.chance(0.1):
            for _ in range(dice.below(3)):
                yield NOBODY, dice.pick(BEFORE_LOGIN), NO_TRACK
            yield NOBODY, LOGIN, NO_TRACK
            if dice.chance(0.2):
                return  # a wrong password
        yield identity, HOME, NO_TRACK
        for _ in range(dice.pick((1, 2, 3, 5, 8, 12, 20, 40))):
            yield identity, NEXT_SONG, self.next_track()
            if dice.chance(0.08):
                yield identity, dice.pick(BETWEEN_SONGS), NO_TRACK
            if dice.chance(0.004):
                yield from self.consider_level(user)
        if dice.chance(0.1):
            yield identity, LOGOUT, NO_TRACK
            if dice.chance(0.7):
                yield NOBODY, HOME, NO_TRACK

    def consider_level(self, user: _User) -> Iterator[Step]:
        consider, submit, other = LEVELS[user.level]
        yield user.identity, consider, NO_TRACK
        if self.dice.chance(0.4):
            yield user.identity, submit, NO_TRACK
            user.level = other
            yield user.identity, HOME, NO_TRACK


def _make_user(number: int, dice: Dice) -> _User:
    gender, first_names = dice.pick((("F", FEMALE_NAMES), ("F", FEMALE_NAMES), ("M", MALE_NAMES)))
    identity = _Identity(
        auth="Logged In",
        first_name=event_json(dice.pick(first_names)),
        gender=event_json(gender),
        last_name=event_json(dice.pick(LAST_NAMES)),
        location=event_json(dice.pick(CITIES)),
        registration=f"{1_538_352_000_000 + dice.below(30 * DAY)}.0",  # during October 2018
        user_agent=event_json(dice.pick(USER_AGENTS)),
        user_id=str(number + 1),
    )
    return _User(identity, "paid" if dice.chance(0.25) else "free")


def write_events(out: Path, audience: Audience, events: int, days: int, first_day: date) -> None:
    """Write the files of the days hour by hour; only hours that an open session still reaches are in memory."""
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


def _due_by_hour(events: int, days: int, first_day: date, dice: Dice) -> list[int]:
    """How many events there are by the end of each hour, up to `events`."""
    weights = []
    for day in range(days):
        activity = WEEKDAYS[(first_day + timedelta(days=day)).weekday()] * (0.85 + 0.3 * dice.random())
        weights += [activity * hour for hour in HOURS]
    total = sum(weights)
    due = [int(events * weight / total) for weight in accumulate(weights)]
    return [*due[:-1], events]


def _lines(audience: Audience, user: _User, session: int, start: int) -> Iterator[tuple[int, str]]:
    """The events of one session as (ts in ms, line); items count from 0, also past midnight."""
    ts = start
    for item, (identity, page, track) in enumerate(audience.session(user)):
        yield ts, event_line(identity, page, track, item, user.level, session, ts)
        pause = 3_000 if track.lasts or page.status == 307 else 60_000
        ts += track.lasts + 1_000 + audience.dice.below(pause)
    user.busy_until = ts


def event_line(
    identity: _Identity, page: _Page, track: Track, item: int, level: str, session: int, ts: int
) -> str:
    """One event as it is written in a file. The format string is several times as fast as dumping a dict."""
    return (
        f'{{"artist":{track.artist},"auth":"{identity.auth}","firstName":{identity.first_name},"gender":{identity.gender},'
        f'"itemInSession":{item},"lastName":{identity.last_name},"length":{track.length},"level":"{level}",'
        f'"location":{identity.location},"method":"{page.method}","page":"{page.name}",'
        f'"registration":{identity.registration},"sessionId":{session},"song":{track.title},"status":{page.status},'
        f'"ts":{ts},"userAgent":{identity.user_agent},"userId":"{identity.user_id}"}}'
    )


def _append(out: Path, day: date, lines: list[str]) -> None:
    path = out / "log_data" / f"{day:%Y}" / f"{day:%m}" / f"{day}-events.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii", newline="\n") as file:
        file.write("\n" * bool(file.tell()) + "\n".join(lines))
