-- What the checks that warn found in the versions that a run staged, and, where it wrote plays of other days too, for
-- their songs had changed, what those of plays found there.
select w.partition_key, w.check_name, w.violations, w.sample
from ledger.warnings as w
inner join ledger.loads as l
    on w.batch_id = l.batch_id and w.dataset = l.dataset and w.partition_key = l.partition_key
left join (
    select min(b.first_day) as first_day, max(b.last_day) as last_day
    from ledger.batches as b
    where b.run_id = %(run_id)s and b.dataset = 'songs'
) as r
    on
        w.dataset = 'events'
        and w.check_name in %(check_names)s
        and w.partition_key between r.first_day and r.last_day
where l.run_id = %(run_id)s or r.first_day is not null
order by w.dataset desc, w.check_name asc, w.partition_key asc;
