-- Plays matched to songs
-- Of each day's plays (UTC), those whose title and artist are in the song library. A day without a play has no share.
with {reach_of_plays},

{calendar}

select
    c.day,
    count(p.start_time) as plays,
    count(s.song_id) as matched,
    cast(100.0 * count(s.song_id) / nullif(count(p.start_time), 0) as decimal(9, 6)) as matched_percent
from calendar as c
left join sparkify.songplays as p on c.day = cast(p.start_time as date)
left join sparkify.songs as s on p.song_id = s.song_id
group by c.day
order by c.day;
