-- block: one row for each artist
select min(s.song_prefix) as partition_key, d.artist_id, max(d.copies) as copies
from (
    select artist_id, count(*) as copies
    from sparkify.artists
    group by artist_id
    having count(*) > 1
) as d
inner join staging.songs as s on d.artist_id = s.artist_id
where s.song_prefix between %(first)s and %(last)s
group by d.artist_id
