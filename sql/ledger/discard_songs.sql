-- rows of these prefixes that are blocked give way to a newer version
delete from incoming.songs
where song_prefix in %(partition_keys)s;
