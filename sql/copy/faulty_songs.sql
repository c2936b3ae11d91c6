-- records that COPY took and that still cannot be staged, with what finds them again in their object
select song_prefix, fault, song_id, artist_id, title
from incoming_songs
where fault is not null
order by song_prefix, fault, song_id, artist_id, title;
