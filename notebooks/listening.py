"""A notebook about Sparkify's listening history: is the data sound, who plays what, when, where, on which plan, and do
they come back?

`sparkify connect --notebook` says how to open it. It reads the warehouse by the login that `sparkify connect` finds, so
it shows whatever is loaded. All times are UTC.

Belongs here: questions that an analyst asks once or changes often. Does not: what is asked every day (sql/analytics).
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Listening")

with app.setup:
    import json
    import shutil
    import subprocess
    import sys
    from datetime import date, datetime, timedelta
    from decimal import Decimal
    from pathlib import Path
    from typing import Any

    import altair as alt
    import marimo as mo
    import psycopg2

    TEAL, ORANGE = "#0b6b74", "#b4501e"
    WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    #: What was played, by the name that the player sent: the star knows only the songs of the library.
    TITLED_PLAYS = """
        titled_plays as (
            select distinct p.songplay_id, p.user_id, p.song_id, rtrim(e.song) as song, rtrim(e.artist) as artist
            from sparkify.songplays as p
            inner join staging.events as e
                on p.user_id = e.user_id
                and p.session_id = e.session_id
                and p.item_in_session = e.item_in_session
                and p.event_date = e.event_date
                and p.start_time = timestamp 'epoch' + e.ts * interval '0.001 second'
            where e.page = 'NextSong'
        )
    """


@app.function
def plain(value: Any) -> Any:
    """A value as tables and charts take it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value


@app.function
def share(part: float, whole: float) -> str:
    """A share in words, which is neither nothing nor all unless it is."""
    percent = 100 * part / whole if whole else 0.0
    digits = next((n for n in range(9) if not 0 < part < whole or 0 < float(f"{percent:.{n}f}") < 100), 9)
    return f"{percent:.{digits}f} %"


@app.function
def counted(number: int, word: str) -> str:
    """A number with its word, such as 1 play or 6,820 plays."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


@app.function
def data(rows: list[dict[str, Any]]) -> Any:
    """Rows as a chart takes them."""
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


@app.function
def bars(rows: list[dict[str, Any]], name: str, value: str, colour: str = TEAL) -> Any:
    """A bar and its number for each row, in the order of the rows, with the names in full."""
    base = alt.Chart(data(rows)).encode(
        y=alt.Y(name, type="nominal", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        x=alt.X(value, type="quantitative", axis=None),
    )
    numbers = base.mark_text(align="left", dx=4).encode(text=alt.Text(value, type="quantitative", format=","))
    return (base.mark_bar(color=colour) + numbers).properties(height=alt.Step(22), width="container")


@app.cell
def _():
    _sparkify = shutil.which("sparkify", path=Path(sys.executable).parent) or "sparkify"
    _told = subprocess.run(
        [_sparkify, "connect", "--password", "--format", "json"], capture_output=True, text=True, check=False
    )
    mo.stop(_told.returncode != 0, mo.callout(mo.md(f"**Not connected.** {_told.stderr}"), kind="warn"))
    _login = json.loads(_told.stdout)
    connection = psycopg2.connect(
        host=_login["host"],
        port=_login["port"],
        dbname=_login["database"],
        user=_login["user"],
        password=_login["password"],
        sslmode="verify-full",
        sslrootcert=_login["sslrootcert"],
    )
    connection.autocommit = True

    def ask(sql: str) -> list[dict[str, Any]]:
        """The rows of a query, each with its columns by name."""
        with connection.cursor() as cursor:
            cursor.execute(sql)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]

    return (ask,)


@app.cell
def _(ask):
    [reach] = ask("""
        select
            current_database() as database, current_user as reader,
            min(start_time) as first_play, max(start_time) as last_play,
            count(*) as plays, count(distinct user_id) as users
        from sparkify.songplays
    """)
    mo.stop(not reach["plays"], mo.callout(mo.md("**No play is loaded yet:** `sparkify load`."), kind="warn"))
    first_day, last_day = (datetime.fromisoformat(reach[name]).date() for name in ("first_play", "last_play"))
    days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    mo.md(f"""
    # What Sparkify's users listen to

    The database **{reach["database"]}**, read as *{reach["reader"]}*, holds **{counted(reach["plays"], "play")}** by
    **{counted(reach["users"], "user")}**, from {first_day:%-d %B %Y} to {last_day:%-d %B %Y} (UTC). The first part asks
    whether the data can be trusted, the second answers five questions with it.
    """)
    return days, reach


@app.cell
def _(ask):
    pages = ask("""
        select page, auth, count(*) as events, count(distinct user_id) as users
        from staging.events
        group by page, auth
        order by events desc, page, auth
    """)
    [_counts] = ask("""
        select
            count(*) as events,
            count(case when page = 'NextSong' then 1 end) as plays,
            count(case when user_id is null then 1 end) as user_events,
            count(case when user_id is null and page = 'NextSong' then 1 end) as user_plays,
            count(case when nullif(rtrim(location), '') is null then 1 end) as location_events,
            count(case when nullif(rtrim(location), '') is null and page = 'NextSong' then 1 end) as location_plays,
            count(case when nullif(rtrim(song), '') is null then 1 end) as song_events,
            count(case when nullif(rtrim(song), '') is null and page = 'NextSong' then 1 end) as song_plays,
            count(case when nullif(rtrim(artist), '') is null then 1 end) as artist_events,
            count(case when nullif(rtrim(artist), '') is null and page = 'NextSong' then 1 end) as artist_plays,
            count(case when length is null then 1 end) as length_events,
            count(case when length is null and page = 'NextSong' then 1 end) as length_plays
        from staging.events
    """)
    missing = [
        {
            "field": field,
            "missing in events": _counts[f"{field}_events"],
            "of these plays": _counts[f"{field}_plays"],
        }
        for field in ("user", "location", "song", "artist", "length")
    ]
    _events = sum(row["events"] for row in pages)
    _plays = sum(row["events"] for row in pages if row["page"] == "NextSong")
    mo.vstack(
        [
            mo.md(f"""
            ## Is the data sound?

            ### The log

            Of **{counted(_events, "event")}**, {share(_plays, _events)} are plays: the page *NextSong*. The others
            say where else in the app somebody was, and lack a song for that reason. So a missing field is a fault of
            the data only where it is missing in a play.
            """),
            mo.hstack([mo.ui.table(pages, selection=None), mo.ui.table(missing, selection=None)], wrap=True),
        ]
    )
    return missing, pages


@app.cell
def _(ask):
    [library] = ask("""
        select
            count(*) as songs,
            count(distinct s.artist_id) as artists,
            count(case when s.year is null then 1 end) as without_year,
            count(distinct case when nullif(rtrim(a.location), '') is null then s.artist_id end) as without_location,
            min(s.duration) as shortest,
            avg(s.duration) as average,
            max(s.duration) as longest
        from sparkify.songs as s
        left join sparkify.artists as a on s.artist_id = a.artist_id
    """)
    decades = ask("""
        select cast(year / 10 as integer) * 10 as decade, count(*) as songs
        from sparkify.songs
        where year is not null
        group by cast(year / 10 as integer) * 10
        order by decade
    """)
    minutes = ask("""
        select cast(floor(duration / 60) as integer) as minutes, count(*) as songs
        from sparkify.songs
        where duration is not null
        group by cast(floor(duration / 60) as integer)
        order by minutes
    """)

    def _columns(rows: list[dict[str, Any]], name: str, title: str) -> Any:
        return (
            alt.Chart(data(rows), title=title)
            .mark_bar(color=TEAL)
            .encode(
                x=alt.X(name, type="ordinal", title=None, axis=alt.Axis(labelAngle=0)),
                y=alt.Y("songs", type="quantitative", title=None, axis=alt.Axis(format="d", tickMinStep=1)),
                tooltip=[alt.Tooltip(name, type="ordinal"), alt.Tooltip("songs", type="quantitative")],
            )
            .properties(width=300, height=180)
        )

    mo.vstack(
        [
            mo.md(f"""
            ### The library

            **{counted(library["songs"], "song")}** by {counted(library["artists"], "artist")}. A song lasts
            {(library["average"] or 0) / 60:.1f} minutes on average, the shortest {library["shortest"] or 0:.0f}
            seconds, the longest {(library["longest"] or 0) / 60:.0f} minutes. The year is unknown for
            {counted(library["without_year"], "song")} ({share(library["without_year"], library["songs"])}), and where
            the artist comes from for {counted(library["without_location"], "artist")}: say "of those that are known"
            whenever you speak of either.
            """),
            mo.hstack(
                [
                    _columns(decades, "decade", "Songs by decade, where the year is known"),
                    _columns(minutes, "minutes", "Songs by whole minutes"),
                ],
                wrap=True,
            ),
        ]
    )
    return decades, library, minutes


@app.cell
def _(ask):
    [matches] = ask(f"""
        with {TITLED_PLAYS},

        titles as (select distinct lower(rtrim(title)) as title from sparkify.songs),

        names as (select distinct lower(rtrim(artist_name)) as name from staging.songs)

        select
            count(*) as plays,
            count(p.song_id) as matched,
            count(t.title) as title_known,
            count(n.name) as artist_known
        from titled_plays as p
        left join titles as t on lower(p.song) = t.title
        left join names as n on lower(p.artist) = n.name
    """)
    near_misses = ask(f"""
        with {TITLED_PLAYS}

        select p.song, p.artist as played_artist, min(rtrim(s.artist_name)) as library_artist,
            count(distinct p.songplay_id) as plays
        from titled_plays as p
        inner join staging.songs as s on lower(p.song) = lower(rtrim(s.title))
        where p.song_id is null
        group by p.song, p.artist
        order by plays desc, p.song, p.artist
        limit 10
    """)
    mo.vstack(
        [
            mo.md(f"""
            ### Where the two meet

            **{counted(matches["matched"], "play")} of {matches["plays"]:,}
            ({share(matches["matched"], matches["plays"])})** is matched to a song of the library. The title alone is
            known in {matches["title_known"]:,}, the artist alone in {matches["artist_known"]:,}. So the library is
            too small for the log rather than the rule too strict, unless these plays, whose title is in the library
            under another artist, look like the same song to you:
            """),
            mo.ui.table(near_misses, selection=None),
        ]
    )
    return matches, near_misses


@app.cell
def _(ask, reach):
    top_users = ask("""
        select
            p.user_id,
            rtrim(coalesce(u.first_name, '')) || ' ' || rtrim(coalesce(u.last_name, '')) as name,
            u.level,
            count(*) as plays,
            count(distinct p.session_id) as sessions
        from sparkify.songplays as p
        inner join sparkify.users as u on p.user_id = u.user_id
        group by p.user_id, u.first_name, u.last_name, u.level
        order by plays desc, p.user_id
        limit 10
    """)
    top_songs = ask(f"""
        with {TITLED_PLAYS}

        select song, artist, count(*) as plays, count(distinct user_id) as users
        from titled_plays
        where nullif(song, '') is not null
        group by song, artist
        order by plays desc, song, artist
        limit 10
    """)
    _ten = sum(row["plays"] for row in top_users)
    _best: dict[str, Any] = top_songs[0] if top_songs else {"song": "no title", "plays": 0}
    mo.vstack(
        [
            mo.md(f"""
            ## 1. Who plays what?

            The ten busiest users play {share(_ten, reach["plays"])} of everything, so an average over all users
            describes few of them. Titles are spread much more widely: *{_best["song"]}*, the first of them, is
            {share(_best["plays"], reach["plays"])} of all plays.
            """),
            bars(
                [{**row, "who": f"{row['name']} ({row['user_id']}, {row['level']})"} for row in top_users],
                "who",
                "plays",
            ),
            bars(
                [{**row, "what": f"{row['song']} — {row['artist']}"} for row in top_songs],
                "what",
                "plays",
                ORANGE,
            ),
        ]
    )
    return top_songs, top_users


@app.cell
def _(ask, days):
    _found = {
        (row["weekday"], row["hour"]): row["plays"]
        for row in ask("""
            select rtrim(t.weekday) as weekday, t.hour, count(*) as plays
            from sparkify.songplays as p
            inner join sparkify.time as t on p.start_time = t.start_time
            group by rtrim(t.weekday), t.hour
        """)
    }
    _number = {name: sum(f"{day:%A}" == name for day in days) for name in WEEKDAYS}
    hours = [
        {
            "weekday": name,
            "hour": hour,
            "plays": _found.get((name, hour), 0),
            "days": _number[name],
            "plays_a_day": _found.get((name, hour), 0) / _number[name] if _number[name] else None,
        }
        for name in WEEKDAYS
        for hour in range(24)
    ]
    _peak = max(hours, key=lambda row: row["plays_a_day"] or 0)
    mo.vstack(
        [
            mo.md(f"""
            ## 2. When do they play?

            Most on {_peak["weekday"]}s from {_peak["hour"]}:00 to {(_peak["hour"] + 1) % 24}:00 UTC:
            {_peak["plays_a_day"]:.1f} plays in that hour of an average {_peak["weekday"]}. Averages, because the
            {len(days)} days of the data do not hold each weekday equally often. The users' own clocks, most of them
            in the United States, are five to eight hours behind.
            """),
            alt.Chart(data(hours), title="Plays in an hour of an average weekday, UTC")
            .mark_rect()
            .encode(
                x=alt.X("hour:O", title=None, axis=alt.Axis(labelAngle=0)),
                y=alt.Y("weekday:N", sort=WEEKDAYS, title=None),
                color=alt.Color("plays_a_day:Q", title=None, scale=alt.Scale(scheme="teals", domainMin=0)),
                tooltip=[
                    "weekday:N",
                    "hour:O",
                    "plays:Q",
                    "days:Q",
                    alt.Tooltip("plays_a_day:Q", format=".1f"),
                ],
            )
            .properties(width="container", height=210),
        ]
    )
    return (hours,)


@app.cell
def _(ask, reach):
    places = ask("""
        select rtrim(location) as place, count(*) as plays, count(distinct user_id) as users
        from sparkify.songplays
        where nullif(rtrim(location), '') is not null
        group by rtrim(location)
        order by plays desc, place
    """)
    _ten = places[:10]
    _single = sum(row["users"] == 1 for row in _ten)
    mo.vstack(
        [
            mo.md(f"""
            ## 3. Where do they play?

            In {counted(len(places), "metropolitan area")}; the first ten hold
            {share(sum(row["plays"] for row in _ten), reach["plays"])} of the plays. Before you call one of them a
            market, look at the users: in {_single} of the ten it is one single person.
            """),
            bars(
                [{**row, "where": f"{row['place']} ({counted(row['users'], 'user')})"} for row in _ten],
                "where",
                "plays",
            ),
        ]
    )
    return (places,)


@app.cell
def _(ask, days, reach):
    plans = ask("""
        select rtrim(level) as plan, count(*) as plays, count(distinct user_id) as users
        from sparkify.songplays
        group by rtrim(level)
        order by plays desc, plan
    """)
    _found = {
        (row["day"], row["plan"]): row["plays"]
        for row in ask("""
            select cast(start_time as date) as day, rtrim(level) as plan, count(*) as plays
            from sparkify.songplays
            group by cast(start_time as date), rtrim(level)
        """)
    }
    plays_by_plan = [
        {"day": str(day), "plan": row["plan"], "plays": _found.get((str(day), row["plan"]), 0)}
        for day in days
        for row in plans
    ]
    _both = sum(row["users"] for row in plans) - reach["users"]
    _sentences = " ".join(
        f"**{row['plan']}**: {share(row['plays'], reach['plays'])} of the plays, by {counted(row['users'], 'user')},"
        f" {row['plays'] / row['users']:.0f} for each of them."
        for row in plans
    )
    mo.vstack(
        [
            mo.md(f"""
            ## 4. What do the plans contribute?

            {_sentences} A play belongs to the plan that its user had at that moment, so
            {counted(_both, "user")} who played on both {"is" if _both == 1 else "are"} counted in each.
            """),
            alt.Chart(data(plays_by_plan), title="Plays of each day, by plan (UTC)")
            .mark_line(point=True)
            .encode(
                x=alt.X("day:T", title=None),
                y=alt.Y("plays:Q", title=None, axis=alt.Axis(tickMinStep=1)),
                color=alt.Color("plan:N", title=None, scale=alt.Scale(range=[TEAL, ORANGE])),
                tooltip=["day:T", "plan:N", "plays:Q"],
            )
            .properties(width="container", height=240),
        ]
    )
    return plans, plays_by_plan


@app.cell
def _(ask, days):
    _registered = ask("""
        select
            user_id,
            cast(date_trunc('week', timestamp 'epoch' + registered * interval '0.001 second') as date) as week
        from (
            select user_id, cast(min(registration) as bigint) as registered
            from staging.events
            where user_id is not null and registration is not null
            group by user_id
        ) as users
    """)
    _active = {
        (row["user_id"], row["week"])
        for row in ask("""
            select distinct user_id, cast(date_trunc('week', start_time) as date) as week
            from sparkify.songplays
        """)
    }
    _weeks = sorted({day - timedelta(days=day.weekday()) for day in days})
    _cohorts: dict[str, list[int]] = {}
    for _row in _registered:
        _cohorts.setdefault(_row["week"], []).append(_row["user_id"])
    retention: list[dict[str, Any]] = [
        {
            "registered": registered,
            "week": str(week),
            "users": len(users),
            "came": sum((user, str(week)) in _active for user in users),
            "share": sum((user, str(week)) in _active for user in users) / len(users),
            "whole": all(week + timedelta(days=number) in days for number in range(7)),
        }
        for registered, users in sorted(_cohorts.items())
        for week in _weeks
        if registered <= str(week)
    ]
    _partial = sorted({row["week"] for row in retention if not row["whole"]})
    _base = alt.Chart(
        data([{**row, "label": share(row["came"], row["users"])} for row in retention]),
        title="Share of the registered who played",
    ).encode(
        x=alt.X("week:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("registered:O", title=None),
    )
    mo.vstack(
        [
            mo.md(f"""
            ## 5. Do they come back?

            Follow a row to the right: its users registered in one week, named by its Monday (UTC), and each cell
            has the share of them that played. {
                "The data holds only some days of the weeks of "
                + ", ".join(_partial)
                + ": over whole weeks those shares would be higher."
                if _partial
                else "The data holds every day of these weeks."
            }
            """),
            (
                _base.mark_rect().encode(
                    color=alt.Color("share:Q", legend=None, scale=alt.Scale(scheme="teals", domain=[0, 1])),
                    tooltip=["registered:O", "week:O", "users:Q", "came:Q"],
                )
                + _base.mark_text().encode(
                    text="label:N",
                    color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("black")),
                )
            ).properties(width="container", height=alt.Step(32)),
        ]
    )
    return (retention,)


if __name__ == "__main__":
    app.run()
