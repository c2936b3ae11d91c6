-- What several files share: `{delivery_order}` puts a fragment into a statement, `{delivery_order as e}` with its columns
-- qualified. See sparkify_assets/model/placeholders.py.

-- play_columns: what the row of a play is made of
user_id, session_id, item_in_session, ts,
timestamp 'epoch' + ts * interval '0.001 second' as start_time,
event_date, level, song, artist, length, location, user_agent;

-- record_columns: a record of a play, with all by which one of several is chosen; their page is the same
user_id, session_id, item_in_session, ts, event_date,
{columns of staging.events but user_id, session_id, item_in_session, ts, event_date, page};

-- delivery_order: A play that was delivered more than once: the greatest event_date wins, then the content, column by
-- column in the order written here, the greater value first and nulls last. Redshift compares text without its trailing
-- blanks, so only their number can tell equal values apart.
event_date desc,
rtrim(artist) desc nulls last,
rtrim(auth) desc nulls last,
rtrim(first_name) desc nulls last,
rtrim(gender) desc nulls last,
rtrim(last_name) desc nulls last,
length desc nulls last,
rtrim(level) desc nulls last,
rtrim(location) desc nulls last,
rtrim(method) desc nulls last,
registration desc nulls last,
rtrim(song) desc nulls last,
status desc nulls last,
rtrim(user_agent) desc nulls last,
len(level) desc nulls last,
len(location) desc nulls last,
len(user_agent) desc nulls last;

-- within_touched_times: the time that the touched plays span; first_ts and last_ts are literals
between timestamp 'epoch' + %(first_ts)s * interval '0.001 second'
and timestamp 'epoch' + %(last_ts)s * interval '0.001 second';

-- partition: what a partition is called
day -- events only
prefix -- songs only
;

-- partition_column: where staging has the partition of a row
event_date -- events only
song_prefix -- songs only
;

-- partition_key: the partition of a row of staging, as the ledger writes it
cast(event_date as varchar(16)) -- events only
song_prefix -- songs only
;

-- first_to_last: the partitions that a check is asked about, as the ledger writes them
cast(%(first)s as varchar(16)) and cast(%(last)s as varchar(16)) -- events only
%(first)s and %(last)s -- songs only
;

-- is_of_partition: whether a row of staging, or on its way there, is of one partition
event_date = cast(%(partition_key)s as date) -- events only
song_prefix = %(partition_key)s -- songs only
;

-- partition_values: several partitions, as `partition_column` holds them
%(event_dates)s -- events only
%(partition_keys)s -- songs only
;

-- must_stage: what of the records of an object or a partition has to be staged at least
each that holds records -- events only
the prefix's records -- songs only
;

-- published_alone: what is published of a partition, unless a newer version of it is blocked
l.state = 'published'
and not exists (
    select 1
    from ledger.loads as b
    where b.dataset = l.dataset and b.partition_key = l.partition_key and b.state = 'blocked'
);

-- record_names: what a person finds a record of staging again by
event_date, session_id, item_in_session, ts -- events only
song_prefix, song_id, artist_id -- songs only
;

-- reach_of_plays: the first and the last day with a play (UTC)
reach as (
    select min(cast(start_time as date)) as first_day, max(cast(start_time as date)) as last_day
    from sparkify.songplays
);

-- digits: by which hours and days are counted, because generate_series runs on Redshift's leader node only, where there
-- are no tables
digits as (
    select 0 as digit union all select 1 union all select 2 union all select 3 union all select 4
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9
);

-- calendar: each day of the reach, which is a table before it
{digits},

calendar as (
    select r.first_day + n.days as day
    from reach as r
    inner join (
        select a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit + 10000 * e.digit as days
        from digits as a
        cross join digits as b
        cross join digits as c
        cross join digits as d
        cross join digits as e
    ) as n on r.last_day - r.first_day >= n.days
);

-- delivered: whether a record e of staging is a delivery of the play p
p.event_date = e.event_date
and p.user_id = e.user_id
and p.session_id = e.session_id
and p.item_in_session = e.item_in_session
and p.start_time = timestamp 'epoch' + e.ts * interval '0.001 second'
and e.page = 'NextSong';

-- delivered_plays: each play with what only its record says; of several deliveries the one that merge/songplays.sql
-- chooses
delivered_plays as (
    select songplay_id, user_id, session_id, item_in_session, start_time, song_id, song, artist, length
    from (
        select
            p.songplay_id, p.user_id, p.session_id, p.item_in_session, p.start_time, p.song_id,
            nullif(rtrim(e.song), '') as song, nullif(rtrim(e.artist), '') as artist, e.length,
            row_number() over (
                partition by p.songplay_id
                order by
                    {delivery_order as e}
            ) as place
        from sparkify.songplays as p
        inner join staging.events as e
            on
                {delivered}
    ) as deliveries
    where place = 1
);

-- listening_sessions: what users play at a stretch: the plays of a session_id, which a pause of more than
-- SPARKIFY_SESSION_PAUSE_MINUTES between the end of a song and the next one cuts. A song ends after its own length, which
-- counts as a day at most, or where the next one begins.
{delivered_plays},

timed_plays as (
    select
        songplay_id, user_id, session_id, item_in_session, start_time,
        start_time + least(greatest(coalesce(length, 0), 0), 86400) * interval '1 second' as end_time
    from delivered_plays
),

neighbours as (
    select
        *,
        lag(end_time) over (
            partition by user_id, session_id order by start_time, item_in_session, songplay_id
        ) as former_end,
        lead(start_time) over (
            partition by user_id, session_id order by start_time, item_in_session, songplay_id
        ) as next_start
    from timed_plays
),

cut_plays as (
    select
        user_id, session_id, start_time, least(end_time, coalesce(next_start, end_time)) as end_time,
        sum(
            case when start_time > former_end + %(session_pause_minutes)s * interval '1 minute' then 1 else 0 end
        ) over (
            partition by user_id, session_id order by start_time, item_in_session, songplay_id
            rows unbounded preceding
        ) as pauses
    from neighbours
),

listening_sessions as (
    select count(*) as plays, min(start_time) as start_time, max(end_time) as end_time
    from cut_plays
    group by user_id, session_id, pauses
);

-- local_plays: how many plays there are in each hour of the local time of their metropolitan area, by the first city and
-- state in its name, without those of any other location. All zones here differ from UTC by whole hours. Areas in states
-- of two zones go by the Code of Federal Regulations, title 49, part 71.
areas as (
    select
        location,
        split_part(split_part(location, ', ', 1), '-', 1) as city,
        split_part(split_part(location, ', ', 2), '-', 1) as state
    from sparkify.songplays
    group by location
),

zones as (
    select
        location,
        case
            when state = 'FL' and city in ('Crestview', 'Panama City', 'Pensacola') then 'America/Chicago'
            when state = 'IN' and city in ('Evansville', 'Michigan City') then 'America/Chicago'
            when state = 'KY' and city in ('Bowling Green', 'Owensboro', 'Paducah') then 'America/Chicago'
            when
                state = 'TN'
                and city in ('Chattanooga', 'Cleveland', 'Johnson City', 'Kingsport', 'Knoxville', 'Morristown')
                then 'America/New_York'
            when state = 'SD' and city = 'Rapid City' then 'America/Denver'
            when state = 'TX' and city = 'El Paso' then 'America/Denver'
            when state = 'ID' and city in ('Coeur d''Alene', 'Lewiston') then 'America/Los_Angeles'
            when
                state in (
                    'CT', 'DC', 'DE', 'FL', 'GA', 'IN', 'KY', 'MA', 'MD', 'ME', 'MI', 'NC', 'NH', 'NJ', 'NY', 'OH',
                    'PA', 'RI', 'SC', 'VA', 'VT', 'WV'
                )
                then 'America/New_York'
            when
                state in (
                    'AL', 'AR', 'IA', 'IL', 'KS', 'LA', 'MN', 'MO', 'MS', 'ND', 'NE', 'OK', 'SD', 'TN', 'TX', 'WI'
                )
                then 'America/Chicago'
            when state in ('CO', 'ID', 'MT', 'NM', 'UT', 'WY') then 'America/Denver'
            when state in ('CA', 'NV', 'OR', 'WA') then 'America/Los_Angeles'
            when state = 'AZ' then 'America/Phoenix'
            when state = 'AK' then 'America/Anchorage'
            when state = 'HI' then 'Pacific/Honolulu'
            when state = 'PR' then 'America/Puerto_Rico'
        end as zone
    from areas
),

plays_in_zones as (
    select z.zone, date_trunc('hour', p.start_time) as hour, count(*) as plays
    from sparkify.songplays as p
    inner join zones as z on p.location = z.location
    where z.zone is not null
    group by z.zone, date_trunc('hour', p.start_time)
),

local_plays as (
    select convert_timezone(zone, hour) as local_time, plays
    from plays_in_zones
);

-- near_titles: each title and artist that was played without a song, and what in the library comes nearest, of equals the
-- first by name. Plain is a name in lower case without what stands in brackets and without guests ("feat. Ana").
{delivered_plays},

unknown_titles as (
    select song, artist, count(*) as plays
    from delivered_plays
    where song_id is null
    group by song, artist
),

plain_names as (
    select
        name,
        coalesce(
            nullif(
                trim(
                    regexp_replace(
                        regexp_replace(
                            regexp_replace(lower(name), '[(][^()]*[)]|[[][^][]*[]]', ' '),
                            '(^| )(feat[.]?|featuring|ft[.]) .*$', ''
                        ),
                        ' +', ' '
                    )
                ),
                ''
            ),
            lower(name)
        ) as plain
    from (
        select song as name from unknown_titles
        union
        select artist from unknown_titles
        union
        select title from staging.song_titles
        union
        select artist_name from staging.song_titles
    ) as names
),

library as (
    select
        t.title, t.artist_name, pt.plain as plain_title, pa.plain as plain_artist,
        row_number() over (
            partition by pt.plain, pa.plain order by t.title, t.artist_name, t.song_id
        ) as place_of_both,
        row_number() over (
            partition by pt.plain order by t.title, t.artist_name, t.song_id
        ) as place_of_title,
        row_number() over (
            partition by pa.plain order by t.title, t.artist_name, t.song_id
        ) as place_of_artist
    from staging.song_titles as t
    inner join plain_names as pt on t.title = pt.name
    inner join plain_names as pa on t.artist_name = pa.name
),

near_titles as (
    select
        u.song, u.artist, u.plays,
        case
            when u.song is null or u.artist is null then 6
            when b.title is not null then 2
            when t.title is not null then 3
            when a.title is not null then 4
            else 5
        end as nearness,
        coalesce(b.title, t.title, a.title) as nearest_title,
        coalesce(b.artist_name, t.artist_name, a.artist_name) as nearest_artist
    from unknown_titles as u
    left join plain_names as pt on u.song = pt.name
    left join plain_names as pa on u.artist = pa.name
    left join library as b on pt.plain = b.plain_title and pa.plain = b.plain_artist and b.place_of_both = 1
    left join library as t on pt.plain = t.plain_title and t.place_of_title = 1
    left join library as a on pa.plain = a.plain_artist and a.place_of_artist = 1
);

-- nearness: what keeps a play from its song, in words
nearness as (
    select 1 as nearness, 'title and artist are in the library' as reason
    union all
    select 2, 'only case, brackets or guests differ'
    union all
    select 3, 'title there, by another artist'
    union all
    select 4, 'artist there, with other titles'
    union all
    select 5, 'neither is there'
    union all
    select 6, 'title or artist was not sent'
);
