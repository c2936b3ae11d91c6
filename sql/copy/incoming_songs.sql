-- Why a song record cannot be staged: without its keys it is no song. The keys come without trailing blanks, which mean
-- nothing to Redshift where it compares (docs: r_Character_types); only their length tells.
update incoming_songs
set
    song_id = rtrim(song_id),
    artist_id = rtrim(artist_id),
    fault = case
        when coalesce(rtrim(song_id), '') = '' then 'song without song_id'
        when coalesce(rtrim(artist_id), '') = '' then 'song without artist_id'
    end
where
    coalesce(rtrim(song_id), '') = ''
    or coalesce(rtrim(artist_id), '') = ''
    or len(song_id) <> len(rtrim(song_id))
    or len(artist_id) <> len(rtrim(artist_id));
