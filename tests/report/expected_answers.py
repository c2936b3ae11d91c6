"""What every answer of the report should be for a given source: an independent model, in plain Python.

Belongs here: each question's rule once more, over the records that `tests.invariants.oracle` reads from the files. Does
not: anything from the package or from `sql/`; a shared mistake would hide.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.invariants import oracle

Row = dict[str, Any]
Record = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTES = {
    "under 5 min": 5, "5 to 15 min": 15, "15 to 30 min": 30, "30 to 60 min": 60, "1 to 2 h": 120, "2 to 4 h": 240,
    "4 h and more": 10**9,
}  # fmt: skip
PLAYS = {
    "1": 1,
    "2 to 3": 3,
    "4 to 7": 7,
    "8 to 15": 15,
    "16 to 31": 31,
    "32 to 63": 63,
    "64 and more": 10**9,
}

REASONS = (
    "title and artist are in the library", "only case, brackets or guests differ", "title there, by another artist",
    "artist there, with other titles", "neither is there", "title or artist was not sent",
)  # fmt: skip

#: The zones of the places in the tests' worlds, looked up one by one.
ZONES = {
    "AL": "America/Chicago", "AZ": "America/Phoenix", "CA": "America/Los_Angeles", "CT": "America/New_York",
    "DC": "America/New_York", "FL": "America/New_York", "GA": "America/New_York", "IA": "America/Chicago",
    "IL": "America/Chicago", "IN": "America/Indiana/Indianapolis", "KY": "America/New_York", "LA": "America/Chicago",
    "ME": "America/New_York", "MI": "America/Detroit", "MN": "America/Chicago", "MO": "America/Chicago",
    "NC": "America/New_York", "NM": "America/Denver", "NY": "America/New_York", "OH": "America/New_York",
    "OR": "America/Los_Angeles", "PA": "America/New_York", "SC": "America/New_York", "TN": "America/Chicago",
    "TX": "America/Chicago", "UT": "America/Denver", "VA": "America/New_York", "WA": "America/Los_Angeles",
    "WI": "America/Chicago", "WV": "America/New_York",
}  # fmt: skip
OTHER_ZONES = {
    "Pensacola-Ferry Pass-Brent, FL": "America/Chicago",
    "Knoxville, TN": "America/New_York",
    "El Paso, TX": "America/Denver",
}


class Expected:
    """The answers for the source made of `files` (key -> content), with sessions cut by a pause in minutes."""

    def __init__(self, files: Mapping[str, bytes], pause_minutes: float = 30) -> None:
        self.pause = timedelta(minutes=pause_minutes)
        named = [dict(zip([*oracle.EVENT, "partition"], row, strict=True)) for row in self._events(files)]
        self.events = named
        self.plays = oracle.winning_plays(named)
        songs = {row[0]: row[4] for row in oracle.tables(files)["sparkify.songplays"]}
        staged = [
            dict(zip([*oracle.SONG, "prefix"], row, strict=True))
            for row in oracle.tables(files)["staging.songs"]
        ]
        self.library = library(staged)
        self.users = {row[0]: row for row in oracle.tables(files)["sparkify.users"]}
        for play in self.plays:
            play["at"] = moment(play["ts"])
            play["day"] = play["at"].date()
            key = "-".join(str(play[name]) for name in ("session_id", "item_in_session", "user_id", "ts"))
            play["key"], play["song_id"] = key, songs[key]
        days = [play["day"] for play in self.plays]
        self.first, self.last = (min(days), max(days)) if days else (date.max, date.min)
        self.days = [self.first + n * DAY for n in range((self.last - self.first).days + 1)] if days else []

    @staticmethod
    def _events(files: Mapping[str, bytes]) -> list[tuple[Any, ...]]:
        return oracle.tables(files)["staging.events"]

    def plays_by_day(self) -> list[Row]:
        return [
            {"day": day, "plays": len(own), "users": len({p["user_id"] for p in own})}
            for day, own in self._by_day()
        ]

    def plays_by_level(self) -> list[Row]:
        return [
            {"day": day}
            | {level: sum(oracle.trimmed(p["level"]) == level for p in own) for level in ("paid", "free")}
            for day, own in self._by_day()
        ]

    def match_rate(self) -> list[Row]:
        return [
            {"day": day, "plays": len(own), "matched": (known := sum(p["song_id"] is not None for p in own)),
             "matched_percent": round(100 * known / len(own), 6) if own else None}
            for day, own in self._by_day()
        ]  # fmt: skip

    def match_reasons(self) -> list[Row]:
        found: dict[str, list[int]] = {reason: [] for reason in REASONS}
        for (_, _, known), own in self._titles().items():
            if known:
                found[REASONS[0]].append(len(own))
        for row in self._near_titles():
            found[row["reason"]].append(row["plays"])
        return [
            {"reason": reason, "plays": sum(plays), "titles": len(plays),
             "plays_percent": round(100 * sum(plays) / len(self.plays), 6)}
            for reason, plays in (found.items() if self.plays else ())
        ]  # fmt: skip

    def near_matches(self) -> list[Row]:
        near = [row for row in self._near_titles() if row["reason"] in REASONS[1:4]]
        near.sort(
            key=lambda r: (
                REASONS.index(r["reason"]),
                -r["plays"],
                r["song"].encode(),
                r["artist"].encode(),
            )
        )
        return near[:20]

    def _titles(self) -> dict[tuple[Any, ...], list[Record]]:
        return self._grouped(lambda p: (text(p["song"]), text(p["artist"]), p["song_id"] is not None))

    def _near_titles(self) -> list[Row]:
        """Each title that was played without a song, and the first of those in the library that come nearest."""
        rows = []
        for (song, artist, known), own in self._titles().items():
            if known:
                continue
            near: tuple[str | None, str | None] = (None, None)
            reason = REASONS[5] if song is None or artist is None else REASONS[4]
            for title, name in self.library:
                same_title = song is not None and plain(title) == plain(song)
                same_artist = artist is not None and plain(name) == plain(artist)
                nearer = REASONS[1 if same_title and same_artist else 2 if same_title else 3]
                if (same_title or same_artist) and REASONS.index(nearer) < REASONS.index(reason):
                    near = (title, name)
                    reason = nearer if song is not None and artist is not None else reason
            rows.append({"song": song, "artist": artist, "nearest_title": near[0], "nearest_artist": near[1],
                         "reason": reason, "plays": len(own)})  # fmt: skip
        return rows

    def active_users(self) -> list[Row]:
        def users(day: date, days: int) -> int:
            return len({p["user_id"] for p in self.plays if day - days * DAY < p["day"] <= day})

        return [
            {"day": day, "daily": users(day, 1), "weekly": users(day, 7), "monthly": users(day, 30),
             "in_window": min((day - self.first).days + 1, 30)}
            for day in self.days
        ]  # fmt: skip

    def plays_by_hour(self) -> list[Row]:
        utc = Counter(p["at"].hour for p in self.plays)
        local = Counter(at.hour for p in self.plays if (at := local_time(p)))
        return [
            {
                "hour": hour,
                "plays": utc[hour],
                "local_plays": local[hour],
                "plays_per_day": utc[hour] / len(self.days),
            }
            for hour in (range(24) if self.plays else ())
        ]

    def plays_by_weekday(self) -> list[Row]:
        utc = Counter(p["at"].weekday() for p in self.plays)
        local = Counter(at.weekday() for p in self.plays if (at := local_time(p)))
        days = Counter(day.weekday() for day in self.days)
        return [
            {"weekday": name, "plays": utc[n], "days": days[n], "local_plays": local[n],
             "plays_per_day": utc[n] / days[n] if days[n] else None}
            for n, name in enumerate(WEEKDAYS if self.plays else ())
        ]  # fmt: skip

    def top_songs(self) -> list[Row]:
        grouped = self._grouped(lambda p: (text(p["song"]), text(p["artist"])))
        return [
            {
                "song": song,
                "artist": artist,
                "plays": len(own),
                "known": sum(p["song_id"] is not None for p in own),
            }
            for (song, artist), own in top({k: v for k, v in grouped.items() if k[0] is not None})
        ]

    def top_artists(self) -> list[Row]:
        grouped = self._grouped(lambda p: (text(p["artist"]),))
        return [
            {"artist": artist, "plays": len(own), "users": len({p["user_id"] for p in own})}
            for (artist,), own in top({k: v for k, v in grouped.items() if k[0] is not None})
        ]

    def top_locations(self) -> list[Row]:
        grouped = self._grouped(lambda p: (text(p["location"]),))
        return [
            {"location": place, "plays": len(own), "users": len({p["user_id"] for p in own})}
            for (place,), own in top({k: v for k, v in grouped.items() if k[0] is not None})
        ]

    def top_users(self) -> list[Row]:
        counts = Counter(p["user_id"] for p in self.plays)
        rows = []
        for user, plays in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10]:
            _, first, last, _, level, *_ = self.users[user]
            rows.append({"user_id": user, "name": text(f"{first or ''} {last or ''}".strip(" ")), "level": level,
                         "plays": plays})  # fmt: skip
        return rows

    def sessions(self) -> list[tuple[int, timedelta]]:
        """Each session's number of plays and how long it lasted."""
        found = []
        for own in self._grouped(lambda p: (p["user_id"], p["session_id"])).values():
            own.sort(key=lambda p: (p["ts"], p["item_in_session"], p["key"]))
            begun, count = own[0]["at"], 1
            for former, play in pairwise(own):
                if play["at"] - ended(former) > self.pause:
                    found.append((count, ended(former) - begun))
                    begun, count = play["at"], 0
                count += 1
            found.append((count, ended(own[-1]) - begun))
        return found

    def plays_per_session(self) -> list[Row]:
        bucket = {n: next(name for name, most in PLAYS.items() if n <= most) for n, _ in self.sessions()}
        found = Counter(bucket[n] for n, _ in self.sessions())
        plays = Counter({name: sum(n for n, _ in self.sessions() if bucket[n] == name) for name in PLAYS})
        return [
            {"plays_in_session": name, "sessions": found[name], "plays": plays[name]}
            for name in (PLAYS if self.plays else ())
        ]

    def session_lengths(self) -> list[Row]:
        found = Counter(
            next(name for name, end in MINUTES.items() if lasted < timedelta(minutes=end))
            for _, lasted in self.sessions()
        )
        return [{"length": name, "sessions": found[name]} for name in (MINUTES if self.plays else ())]

    def retention_by_week(self) -> list[Row]:
        registered: dict[int, float] = {}
        for event in self.events:
            if known(event) and event["registration"] is not None:
                user = event["user_id"]
                registered[user] = min(registered.get(user, event["registration"]), event["registration"])
        cohorts: dict[date, set[int]] = defaultdict(set)
        for user, ms in registered.items():
            cohorts[monday(moment(round(ms)).date())].add(user)
        came = {(p["user_id"], monday(p["day"])) for p in self.plays}
        rows = []
        for cohort, members in sorted(cohorts.items()):
            for week in sorted({monday(day) for day in self.days if monday(day) >= cohort}):
                users = sum((user, week) in came for user in members)
                rows.append({
                    "registered_week": cohort, "weeks_later": (week - cohort).days // 7, "newcomers": len(members),
                    "users": users, "users_percent": round(100 * users / len(members), 6),
                    "days": sum(monday(day) == week for day in self.days),
                })  # fmt: skip
        return rows

    def level_changes(self) -> list[Row]:
        content = (
            "artist auth first_name gender last_name length level location method registration song status"
        )

        def order(e: Record) -> tuple[Any, ...]:
            compared = (oracle.trimmed(e[name]) for name in [*content.split(), "user_agent"])
            return oracle.high(e["partition"], *compared)

        own = [e for e in self.events if known(e)]
        groups = oracle.grouped(own, "user_id", "session_id", "item_in_session", "ts", "page")
        kept = [max(same, key=order) for same in groups]
        changes: Counter[tuple[date, str]] = Counter()
        nights: dict[int, dict[date, str]] = defaultdict(dict)
        for events in oracle.grouped(kept, "user_id"):
            events.sort(key=lambda e: oracle.low(e["ts"], e["session_id"], e["item_in_session"], e["page"]))
            for former, event in pairwise(events):
                if {former["level"], event["level"]} == {"free", "paid"}:
                    changes[moment(event["ts"]).date(), event["level"]] += 1
            for event in events:
                nights[event["user_id"]][moment(event["ts"]).date()] = event["level"]
        moved = Counter(
            (day, level)
            for levels in nights.values()
            for (_, before), (day, level) in pairwise(sorted(levels.items()))
            if {before, level} == {"free", "paid"}
        )
        days = [moment(e["ts"]).date() for e in kept]
        span = (max(days) - min(days)).days + 1 if days else 0
        return [
            {"day": (day := min(days) + n * DAY), "upgrades": changes[day, "paid"], "downgrades": changes[day, "free"],
             "to_paid": moved[day, "paid"], "to_free": moved[day, "free"]}
            for n in range(span)
        ]  # fmt: skip

    def _by_day(self) -> list[tuple[date, list[Record]]]:
        return [(day, [p for p in self.plays if p["day"] == day]) for day in self.days]

    def _grouped(self, key: Callable[[Record], tuple[Any, ...]]) -> dict[tuple[Any, ...], list[Record]]:
        groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
        for play in self.plays:
            groups[key(play)].append(play)
        return groups


def moment(ts: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ts)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def text(value: str | None) -> str | None:
    """A text without the blanks at its end, and none for an empty one."""
    return (value or "").rstrip(" ") or None


def library(songs: list[Record]) -> list[tuple[str, str]]:
    """Each title with each name that the records of its artist give, in the order of their bytes."""
    found = {
        (song["title"].rstrip(" "), other["artist_name"].rstrip(" "))
        for song in oracle.winning_songs(songs)
        for other in songs
        if other["artist_id"] == song["artist_id"]
        and song["title"] is not None
        and other["artist_name"] is not None
    }
    return sorted(found, key=lambda pair: (pair[0].encode(), pair[1].encode()))


def plain(name: str) -> str:
    """A name without what is often written otherwise: case, brackets with what they hold, guests."""
    bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", name.lower())
    bare = re.sub(r"(^| )(feat\.?|featuring|ft\.) .*", "", bare, flags=re.DOTALL)
    return re.sub(" +", " ", bare).strip(" ") or name.lower()


def known(event: Record) -> bool:
    return event["auth"] == "Logged In" and event["user_id"] is not None


def ended(play: Record) -> datetime:
    """When a song is over that nothing cuts short; it counts as a day at most."""
    end: datetime = play["at"] + timedelta(seconds=min(max(play["length"] or 0, 0), 86_400))
    return end


def local_time(play: Record) -> datetime | None:
    place = play["location"] or ""
    zone = OTHER_ZONES.get(place) or ZONES.get(place.partition(", ")[2].partition("-")[0])
    moved: datetime = play["at"].astimezone(ZoneInfo(zone)) if zone else None
    return moved


def top(groups: dict[tuple[Any, ...], list[Record]]) -> list[tuple[tuple[Any, ...], list[Record]]]:
    """The ten greatest, equals by name as bytes compare and what is unknown last."""

    def order(item: tuple[tuple[Any, ...], list[Record]]) -> tuple[Any, ...]:
        names = tuple((name is None, (name or "").encode()) for name in item[0])
        return (-len(item[1]), names)

    return sorted(groups.items(), key=order)[:10]
