-- Which plays the days of a batch make or unmake.

-- The keys that came, with the number of records that each was delivered in.
create temp table arrived_plays as
select i.session_id, i.item_in_session, count(*) as deliveries
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
where i.page = 'NextSong' and i.fault is null
group by i.session_id, i.item_in_session;

-- The plays that the days have given so far.
create temp table former_plays as
select s.session_id, s.item_in_session, s.start_time
from sparkify.songplays as s
inner join publishing_days as d on s.event_date = d.event_date
where s.event_date between %(first)s and %(last)s;

-- Records of these plays that other days hold: one scan of five narrow columns of
-- staging.events (session_id, item_in_session, page, event_date, ts).
create temp table rival_records as
select distinct e.session_id, e.item_in_session, e.event_date, e.ts
from staging.events as e
inner join (
    select session_id, item_in_session
    from arrived_plays
    union all
    select session_id, item_in_session
    from former_plays
) as k on e.session_id = k.session_id and e.item_in_session = k.item_in_session
left join publishing_days as d on e.event_date = d.event_date
where e.page = 'NextSong' and d.event_date is null;

create temp table contested_plays as
select session_id, item_in_session
from arrived_plays
where deliveries > 1
union
select session_id, item_in_session
from rival_records;

-- A play that has one record is that record, as far as its row is made of it ...
create temp table plays as
select
    i.session_id, i.item_in_session, i.ts, i.event_date, i.user_id, i.level, i.song, i.artist, i.length,
    i.location, i.user_agent
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
left join contested_plays as c on i.session_id = c.session_id and i.item_in_session = c.item_in_session
where i.page = 'NextSong' and i.fault is null and c.session_id is null;

-- ... and among several one is chosen.
create temp table contested_records as
select
    i.session_id, i.item_in_session, i.ts, i.event_date, i.artist, i.auth, i.first_name, i.gender,
    i.last_name, i.length, i.level, i.location, i.method, i.registration, i.song, i.status, i.user_agent,
    i.user_id
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
inner join contested_plays as c on i.session_id = c.session_id and i.item_in_session = c.item_in_session
where i.page = 'NextSong' and i.fault is null
union all
select
    e.session_id, e.item_in_session, e.ts, e.event_date, e.artist, e.auth, e.first_name, e.gender,
    e.last_name, e.length, e.level, e.location, e.method, e.registration, e.song, e.status, e.user_agent,
    e.user_id
from staging.events as e
inner join (select distinct session_id, item_in_session, event_date from rival_records) as r
    on
        e.event_date = r.event_date
        and e.session_id = r.session_id
        and e.item_in_session = r.item_in_session
where e.page = 'NextSong';

-- A play that a day of the batch takes from another day, or leaves to it, stands published as one of these records.
insert into former_plays
select session_id, item_in_session, timestamp 'epoch' + ts * interval '0.001 second'
from rival_records;
