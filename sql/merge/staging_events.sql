-- Replaces the days of a batch in staging. first and last bound every read to the blocks of the days.
create temp table publishing_days as
select cast(case when dataset = 'events' then partition_key end as date) as event_date
from ledger.loads
where batch_id = %(batch_id)s and dataset = 'events' and state = 'incoming';

delete from staging.events
using publishing_days
where
    events.event_date = publishing_days.event_date
    and events.event_date between %(first)s and %(last)s;

insert into staging.events (
    {columns of staging.events}
)
select
    {columns of staging.events as i}
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
where i.fault is null;
