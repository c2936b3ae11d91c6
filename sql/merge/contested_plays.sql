-- Which of the plays that came have more than one record, in the days of the batch or in others.

-- Records of these plays that other days hold. Only the batch's own range of ts is read: first_ts and last_ts are
-- literals, so that blocks outside are skipped by their zone maps.
create temp table rival_records as
select distinct
    e.user_id, e.session_id, e.item_in_session, e.ts, e.event_date, k.start_time
from staging.events as e
inner join touched_plays as k
    on
        e.session_id = k.session_id
        and e.item_in_session = k.item_in_session
        and e.user_id = k.user_id
        and timestamp 'epoch' + e.ts * interval '0.001 second' = k.start_time
left join publishing_days as d on e.event_date = d.event_date
where e.page = 'NextSong' and e.ts between %(first_ts)s and %(last_ts)s and d.event_date is null;

create temp table contested_plays as
select user_id, session_id, item_in_session, ts
from touched_plays
where deliveries > 1
union
select user_id, session_id, item_in_session, ts
from rival_records;

-- A play that has one record is that record, as far as its row is made of it ...
delete from plays
using contested_plays as c
where
    plays.session_id = c.session_id
    and plays.item_in_session = c.item_in_session
    and plays.user_id = c.user_id
    and plays.ts = c.ts;

-- ... and among several one is chosen.
create temp table contested_records as
select
    {record_columns as i}
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
inner join contested_plays as c
    on
        i.session_id = c.session_id
        and i.item_in_session = c.item_in_session
        and i.user_id = c.user_id
        and i.ts = c.ts
where i.page = 'NextSong' and i.fault is null
union all
select
    {record_columns as e}
from staging.events as e
inner join rival_records as r
    on
        e.event_date = r.event_date
        and e.session_id = r.session_id
        and e.item_in_session = r.item_in_session
        and e.user_id = r.user_id
        and e.ts = r.ts
where e.page = 'NextSong' and e.ts between %(first_ts)s and %(last_ts)s;

-- A play that a day of the batch takes from another day, or leaves to it, stands published as one of these records.
insert into former_plays
select user_id, session_id, item_in_session, start_time
from rival_records;
