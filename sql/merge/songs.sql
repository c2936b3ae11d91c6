-- One row for each song_id. Where records of one song disagree: the smallest title, then artist_id, then artist name,
-- the latest year, the shortest duration, a known value before null; so it does not matter which file came first.
-- Redshift compares text without its trailing blanks, so only their number can tell equal values apart.
create temp table touched_songs as
select song_id from withdrawn_songs
union
select song_id from arrived_songs;

create temp table winning_songs as
select song_id, title, artist_id, nullif(year, 0) as year, duration
from (
    select
        s.*,
        row_number() over (
            partition by s.song_id
            order by
                rtrim(s.title) asc nulls last, s.artist_id asc nulls last, rtrim(s.artist_name) asc nulls last,
                s.year desc nulls last, s.duration asc nulls last, len(s.title) asc nulls last
        ) as place
    from staging.songs as s
    inner join touched_songs as t on s.song_id = t.song_id
) as ranked
where place = 1;

create temp table replaced_songs as
select {columns of sparkify.songs as s}
from sparkify.songs as s
inner join touched_songs as t on s.song_id = t.song_id;

delete from sparkify.songs
using touched_songs
where songs.song_id = touched_songs.song_id;

insert into sparkify.songs ({columns of sparkify.songs})
select {columns of sparkify.songs}
from winning_songs;

select
    c.came - k.kept as inserted,
    k.kept - u.unchanged as updated,
    w.went - k.kept as deleted,
    u.unchanged
from
    (select count(*) as came from winning_songs) as c,
    (select count(*) as went from replaced_songs) as w,
    (
        select count(*) as kept
        from replaced_songs as r
        inner join winning_songs as n on r.song_id = n.song_id
    ) as k,
    (
        select count(*) as unchanged
        from (
            select
                {columns of sparkify.songs},
                {letters of sparkify.songs} as letters
            from replaced_songs
            intersect
            select
                {columns of sparkify.songs},
                {letters of sparkify.songs} as letters
            from winning_songs
        ) as same
    ) as u;
