select song_prefix, count(*)
from incoming_songs
where fault is null
group by song_prefix;
