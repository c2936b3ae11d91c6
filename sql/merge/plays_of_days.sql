-- Which plays the days touch: those that left with the old rows and those that came with the new ones.
create temp table touched_plays as
select session_id, item_in_session
from withdrawn_events
where page = 'NextSong'
union
select e.session_id, e.item_in_session
from staging.events as e
inner join publishing_days as d on e.event_date = d.event_date
where e.page = 'NextSong' and e.event_date between %(first)s and %(last)s;

-- Records of the same plays that other days hold: one scan of five narrow columns of staging.events.
create temp table rival_records as
select e.session_id, e.item_in_session, e.event_date, e.ts
from staging.events as e
inner join touched_plays as t on e.session_id = t.session_id and e.item_in_session = t.item_in_session
left join publishing_days as d on e.event_date = d.event_date
where e.page = 'NextSong' and d.event_date is null;

-- Every record of these plays that is staged now ...
create temp table play_records as
select e.session_id, e.item_in_session, e.event_date, e.ts
from staging.events as e
inner join publishing_days as d on e.event_date = d.event_date
where e.page = 'NextSong' and e.event_date between %(first)s and %(last)s
union all
select session_id, item_in_session, event_date, ts
from rival_records;

-- ... and every record that was: one of them is the play as it stands published.
create temp table former_records as
select session_id, item_in_session, ts
from withdrawn_events
where page = 'NextSong'
union all
select session_id, item_in_session, ts
from rival_records;
