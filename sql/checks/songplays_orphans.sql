-- block: every play has its user, its time and, where it names them, its song and artist
select p.event_date as partition_key, p.songplay_id, p.user_id, p.start_time, p.song_id, p.artist_id
from sparkify.songplays as p
left join sparkify.users as u on p.user_id = u.user_id
left join sparkify.time as t on p.start_time = t.start_time
left join sparkify.songs as s on p.song_id = s.song_id
left join sparkify.artists as a on p.artist_id = a.artist_id
where
    p.event_date between %(first)s and %(last)s
    and (
        u.user_id is null
        or t.start_time is null
        or (p.song_id is not null and s.song_id is null)
        or (p.artist_id is not null and a.artist_id is null)
    )
