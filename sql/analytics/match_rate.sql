-- Plays matched to songs
-- Of each day's plays (UTC), those whose title and artist are in the song library.
select
    cast(p.start_time as date) as day,
    count(*) as plays,
    count(s.song_id) as matched,
    cast(100.0 * count(s.song_id) / count(*) as decimal(5, 2)) as matched_percent
from sparkify.songplays as p
left join sparkify.songs as s on p.song_id = s.song_id
group by cast(p.start_time as date)
order by day;
