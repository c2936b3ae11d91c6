-- how far the tables reach, and when they were last written
with published as (
    select dataset, partition_key, published_at
    from ledger.loads
    where state = 'published'
)

select e.first_day, e.last_day, e.days, p.newest_play, l.last_published
from
    (
        select min(partition_key) as first_day, max(partition_key) as last_day, count(*) as days
        from published
        where dataset = 'events'
    ) as e,
    (select max(start_time) as newest_play from sparkify.songplays) as p,
    (select max(published_at) as last_published from published) as l;
