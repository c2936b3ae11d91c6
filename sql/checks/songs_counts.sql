-- block: what was read is staged or in quarantine, and staging holds what was staged
select
    l.partition_key,
    l.records_read,
    l.rows_staged,
    l.rows_quarantined,
    coalesce(s.staged, 0) as in_staging,
    coalesce(q.quarantined, 0) as in_quarantine
from ledger.loads as l
left join (
    select song_prefix, count(*) as staged
    from staging.songs
    group by song_prefix
) as s on l.partition_key = s.song_prefix
left join (
    select batch_id, partition_key, count(*) as quarantined
    from ledger.quarantine
    where dataset = 'songs'
    group by batch_id, partition_key
) as q on l.batch_id = q.batch_id and l.partition_key = q.partition_key
where
    l.dataset = 'songs' and l.state = 'published'
    and l.partition_key between %(first)s and %(last)s
    and (
        l.records_read <> l.rows_staged + l.rows_quarantined
        or l.rows_staged <> coalesce(s.staged, 0)
        or l.rows_quarantined <> coalesce(q.quarantined, 0)
    )
