-- what the latest batches read, in bytes, and how many seconds they took
select b.dataset, coalesce(b.run_id, b.batch_id) as load, b.seconds, cast(sum(o.size_bytes) as bigint) as bytes
from (
    select
        c.dataset, c.batch_id, c.run_id, c.stage_seconds + c.publish_seconds as seconds,
        row_number() over (partition by c.dataset order by l.staged_at desc, c.batch_id asc) as place
    from ledger.batches as c
    inner join (
        select batch_id, max(staged_at) as staged_at
        from ledger.loads
        group by batch_id
    ) as l
        on c.batch_id = l.batch_id
) as b
inner join ledger.objects as o on b.batch_id = o.batch_id
where b.place <= %(most)s
group by b.dataset, b.run_id, b.batch_id, b.seconds;
