-- block: one row for each song
select min(s.song_prefix) as partition_key, d.song_id, max(d.copies) as copies
from (
    select song_id, count(*) as copies
    from sparkify.songs
    group by song_id
    having count(*) > 1
) as d
inner join staging.songs as s on d.song_id = s.song_id
where s.song_prefix between %(first)s and %(last)s
group by d.song_id
