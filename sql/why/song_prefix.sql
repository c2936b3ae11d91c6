-- where the records of a song came from
select distinct song_prefix
from staging.songs
where song_id = %(song_id)s
order by song_prefix;
