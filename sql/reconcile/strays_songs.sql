-- staged songs of prefixes that are not published: nobody knows where they came from
select 'surplus' as finding, s.song_prefix, s.song_id, s.artist_id, count(*) as copies
from staging.songs as s
left join ledger.loads as l
    on
        s.song_prefix = l.partition_key
        and l.dataset = 'songs'
        and l.state = 'published'
where l.partition_key is null
group by s.song_prefix, s.song_id, s.artist_id
order by s.song_prefix, s.song_id, s.artist_id;
