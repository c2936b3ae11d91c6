select s.title, a.name as artist, count(*) as plays
from sparkify.songplays as p
inner join sparkify.songs as s on p.song_id = s.song_id
inner join sparkify.artists as a on p.artist_id = a.artist_id
group by s.song_id, s.title, a.name
order by plays desc, s.title asc, s.song_id asc
limit 5;
