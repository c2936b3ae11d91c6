-- The star empty, and every staged song as if it had just come.
delete from sparkify.songplays;

delete from sparkify.users;

delete from sparkify.time;

delete from sparkify.songs;

delete from sparkify.artists;

delete from staging.song_titles;

create temp table withdrawn_songs as
select song_id, artist_id
from staging.songs
where 1 = 0;

create temp table arrived_songs as
select song_id, artist_id
from staging.songs;
