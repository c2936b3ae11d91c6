insert into ledger.batches (
    batch_id, dataset, run_id, stage_seconds, publish_seconds, changes, first_day, last_day
)
values (
    %(batch_id)s, %(dataset)s, %(run_id)s, %(stage_seconds)s, %(publish_seconds)s, %(changes)s, %(first_day)s,
    %(last_day)s
);
