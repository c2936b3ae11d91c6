-- Every staged day as if it had just come.
create temp table publishing_days as
select distinct event_date
from staging.events;

insert into incoming_events (
    batch_id, {columns of staging.events}
)
select
    '', {columns of staging.events}
from staging.events;
