-- block: every staged song has its row in songs, and its artist one in artists
select s.song_prefix as partition_key, s.song_id, s.artist_id
from staging.songs as s
left join sparkify.songs as g on s.song_id = g.song_id
left join sparkify.artists as a on s.artist_id = a.artist_id
where
    s.song_prefix between %(first)s and %(last)s
    and (g.song_id is null or a.artist_id is null)
