-- What has arrived with its day and batch. `fault` says why a record cannot be staged; this is the only place of
-- the rule: an event has a value in some field, for COPY makes nulls of an object with none of the keys that it knows;
-- a play needs a user who is logged in, a session, an item and a time, for it has its row in users and time.
-- The bounds of ts are the years 1 to 9999. What is compared with the words of a rule, here and in every query, comes
-- without trailing blanks, which mean nothing to Redshift where it compares (docs: r_Character_types).
insert into incoming_events (
    batch_id, event_date, fault,
    {columns of arriving_events but event_date}
)
select
    %(batch_id)s,
    cast(coalesce(event_date, %(event_date)s) as date),
    case
        when
            page is null
            and coalesce({texts of arriving_events but page, event_date}) is null
            and coalesce({integers of arriving_events}) is null
            and coalesce({doubles of arriving_events}) is null
            then 'none of the expected fields has a value'
        when coalesce(rtrim(page), '') <> 'NextSong' then null
        when user_id is null then 'play without user'
        when session_id is null then 'play without session'
        when item_in_session is null then 'play without item in session'
        when ts is null then 'play without time'
        when ts < -62135596800000 or ts > 253402300799999 then 'play with a time outside the years 1 to 9999'
        when coalesce(rtrim(auth), '') <> 'Logged In' then 'play of a user who is not logged in'
    end,
    {columns of arriving_events but event_date with rtrim(auth), rtrim(gender), rtrim(level), rtrim(page)}
from arriving_events;

drop table arriving_events;
