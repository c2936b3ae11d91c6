select
    {columns of sparkify.songplays}
from sparkify.songplays
where
    cast(event_date as varchar(16)) not in (
        select b.partition_key
        from ledger.loads as b
        where b.dataset = 'events' and b.state = 'blocked'
    );
