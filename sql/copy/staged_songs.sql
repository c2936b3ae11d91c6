select song_prefix, count(*)
from incoming.songs
where batch_id = %(batch_id)s and fault is null
group by song_prefix;
