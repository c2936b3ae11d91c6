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
    {columns of staging.songs as i}
from incoming_songs as i
inner join publishing_prefixes as p on i.song_prefix = p.song_prefix
where i.fault is null;

insert into staging.songs (
    {columns of staging.songs}
)
select
    {columns of staging.songs}
from arrived_songs;
