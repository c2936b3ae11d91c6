-- Top songs
-- The ten titles played most, by the names that the player sent; known are the plays whose song is in the library.
-- A play that one file delivered more than once counts once.
with {delivered_plays}

select song, artist, count(*) as plays, count(song_id) as known
from delivered_plays
where song is not null
group by song, artist
order by plays desc, song asc, artist asc
limit 10;
