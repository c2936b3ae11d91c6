-- Replaces the prefixes of a batch in staging.
create temp table publishing_prefixes as
select partition_key as song_prefix
from ledger.loads
where batch_id = %(batch_id)s and dataset = 'songs' and state = 'incoming';

create temp table withdrawn_songs as
select s.song_id, s.artist_id
from staging.songs as s
inner join publishing_prefixes as p on s.song_prefix = p.song_prefix;

delete from staging.songs
using publishing_prefixes
where songs.song_prefix = publishing_prefixes.song_prefix;

create temp table arrived_songs as
select
    i.num_songs, i.artist_id, i.artist_latitude, i.artist_longitude, i.artist_location, i.artist_name,
    i.song_id, i.title, i.duration, i.year, i.song_prefix
from incoming_songs as i
inner join publishing_prefixes as p on i.song_prefix = p.song_prefix
where i.fault is null;

insert into staging.songs (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
)
select
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
from arrived_songs;
