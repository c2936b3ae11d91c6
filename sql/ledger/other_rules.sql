-- How many published partitions were staged by other rules than these; of how many the star was made by others; and how
-- many lack a column that their tables have now, or are about to get (ledger/read_again.sql).
select
    count(case when staging_rules <> %(staging_rules)s or dataset in %(datasets)s then 1 end) as staged,
    count(case when star_rules <> %(star_rules)s then 1 end) as made,
    count(case when staging_rules = '' or dataset in %(datasets)s then 1 end) as incomplete
from ledger.loads
where state = 'published';
