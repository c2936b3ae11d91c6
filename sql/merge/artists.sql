-- One row for each artist_id. Where songs disagree: a known name before none, the shortest name, then a known location,
-- latitude and longitude, then the smallest song_id, then the smallest values. '' is not known, and neither are blanks;
-- Redshift compares text without its trailing blanks, so only their number can tell equal values apart.
create temp table touched_artists as
select artist_id from withdrawn_songs
union
select artist_id from arrived_songs;

create temp table winning_artists as
select {columns of sparkify.artists}
from (
    select
        a.*,
        row_number() over (
            partition by artist_id
            order by
                len(name) asc nulls last,
                case when location is null then 1 else 0 end asc,
                case when latitude is null then 1 else 0 end asc,
                case when longitude is null then 1 else 0 end asc,
                song_id asc, rtrim(name) asc, rtrim(location) asc, latitude asc, longitude asc, len(location) asc
        ) as place
    from (
        select
            s.artist_id,
            s.song_id,
            case when rtrim(s.artist_name) <> '' then s.artist_name end as name,
            case when rtrim(s.artist_location) <> '' then s.artist_location end as location,
            s.artist_latitude as latitude,
            s.artist_longitude as longitude
        from staging.songs as s
        inner join touched_artists as t on s.artist_id = t.artist_id
    ) as a
) as ranked
where place = 1;

create temp table replaced_artists as
select {columns of sparkify.artists as a}
from sparkify.artists as a
inner join touched_artists as t on a.artist_id = t.artist_id;

delete from sparkify.artists
using touched_artists
where artists.artist_id = touched_artists.artist_id;

insert into sparkify.artists ({columns of sparkify.artists})
select {columns of sparkify.artists}
from winning_artists;

select
    c.came - k.kept as inserted,
    k.kept - u.unchanged as updated,
    w.went - k.kept as deleted,
    u.unchanged
from
    (select count(*) as came from winning_artists) as c,
    (select count(*) as went from replaced_artists) as w,
    (
        select count(*) as kept
        from replaced_artists as r
        inner join winning_artists as n on r.artist_id = n.artist_id
    ) as k,
    (
        select count(*) as unchanged
        from (
            select
                {columns of sparkify.artists},
                {letters of sparkify.artists} as letters
            from replaced_artists
            intersect
            select
                {columns of sparkify.artists},
                {letters of sparkify.artists} as letters
            from winning_artists
        ) as same
    ) as u;
