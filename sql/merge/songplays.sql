-- Makes the touched plays anew: SCD1 by replacing existing rows (docs: merge-replacing-existing-rows).
-- Takes plays, contested_records and former_plays from contested_plays or records_of_titles. Only the time that the
-- touched plays span is read: first_ts and last_ts are literals.

-- A play that was delivered more than once is the first of its records in the order of sql/fragments.sql.
insert into plays
select
    {play_columns}
from (
    select
        c.*,
        row_number() over (
            partition by user_id, session_id, item_in_session, ts
            order by
                {delivery_order}
        ) as place
    from contested_records as c
) as ranked
where place = 1;

-- A play matches a song by equal title and an equal name of its artist, trailing blanks ignored as Redshift compares.
-- Most titles belong to one song; where several songs share one, the nearest duration wins, then the smallest song_id.
create temp table titles as
select
    song_id, artist_id, title, artist_name, duration,
    count(*) over (partition by title, artist_name) as namesakes
from staging.song_titles;

create temp table namesake_matches as
select user_id, session_id, item_in_session, ts, song_id, artist_id
from (
    select
        p.user_id, p.session_id, p.item_in_session, p.ts, t.song_id, t.artist_id,
        row_number() over (
            partition by p.user_id, p.session_id, p.item_in_session, p.ts
            order by abs(t.duration - p.length) asc nulls last, t.song_id asc
        ) as place
    from plays as p
    inner join titles as t on rtrim(p.song) = t.title and rtrim(p.artist) = t.artist_name
    where t.namesakes > 1
) as ranked
where place = 1;

create temp table replaced_plays as
select
    {columns of sparkify.songplays as s}
from sparkify.songplays as s
inner join (select distinct user_id, session_id, item_in_session, start_time from former_plays) as f
    on
        s.start_time = f.start_time
        and s.session_id = f.session_id
        and s.item_in_session = f.item_in_session
        and s.user_id = f.user_id
where
    s.start_time
    {within_touched_times};

delete from sparkify.songplays
using replaced_plays
where
    songplays.start_time
    {within_touched_times}
    and songplays.start_time = replaced_plays.start_time
    and songplays.session_id = replaced_plays.session_id
    and songplays.item_in_session = replaced_plays.item_in_session
    and songplays.user_id = replaced_plays.user_id;

insert into sparkify.songplays (
    {columns of sparkify.songplays}
)
select
    cast(p.session_id as varchar(20)) || '-' || cast(p.item_in_session as varchar(20))
    || '-' || cast(p.user_id as varchar(20)) || '-' || cast(p.ts as varchar(20)),
    p.start_time,
    p.user_id,
    p.level,
    coalesce(t.song_id, n.song_id),
    coalesce(t.artist_id, n.artist_id),
    p.session_id,
    p.item_in_session,
    p.location,
    p.user_agent,
    p.event_date
from plays as p
left join titles as t on rtrim(p.song) = t.title and rtrim(p.artist) = t.artist_name and t.namesakes = 1
left join namesake_matches as n
    on
        p.session_id = n.session_id
        and p.item_in_session = n.item_in_session
        and p.user_id = n.user_id
        and p.ts = n.ts;

-- Of the plays that were replaced, those that are there again.
create temp table standing_plays as
select
    {columns of sparkify.songplays as s}
from sparkify.songplays as s
inner join replaced_plays as r
    on
        s.start_time = r.start_time
        and s.session_id = r.session_id
        and s.item_in_session = r.item_in_session
        and s.user_id = r.user_id
where
    s.start_time
    {within_touched_times};

select
    c.came - k.kept as inserted,
    k.kept - u.unchanged as updated,
    w.went - k.kept as deleted,
    u.unchanged
from
    (select count(*) as came from plays) as c,
    (select count(*) as went from replaced_plays) as w,
    (select count(*) as kept from standing_plays) as k,
    (
        select count(*) as unchanged
        from (
            select
                {columns of sparkify.songplays},
                {letters of sparkify.songplays} as letters
            from replaced_plays
            intersect
            select
                {columns of sparkify.songplays},
                {letters of sparkify.songplays} as letters
            from standing_plays
        ) as same
    ) as u;
