insert into ledger.batches (
    {columns of ledger.batches}
)
values (
    %(batch_id)s, %(dataset)s, %(run_id)s, %(stage_seconds)s, %(publish_seconds)s, %(changes)s, %(first_day)s,
    %(last_day)s
);
