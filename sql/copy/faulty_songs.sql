-- records that COPY took and that still cannot be staged, with what finds them again in their object
select fault, song_prefix, song_id, artist_id, title
from incoming_songs
where fault is not null
order by fault, song_prefix, song_id, artist_id, title;
