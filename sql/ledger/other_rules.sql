-- How many published partitions were staged by other rules than these, or lie in tables that get columns; and of how
-- many the star was made by others.
select
    count(case when staging_rules <> %(staging_rules)s or dataset in %(datasets)s then 1 end) as staged,
    count(case when star_rules <> %(star_rules)s then 1 end) as made
from ledger.loads
where state = 'published';
