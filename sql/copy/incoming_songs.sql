-- Why a song record cannot be staged: without its keys it is no song.
update incoming_songs
set fault = case when coalesce(song_id, '') = '' then 'song without song_id' else 'song without artist_id' end
where coalesce(song_id, '') = '' or coalesce(artist_id, '') = '';
