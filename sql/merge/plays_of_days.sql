-- Which plays the days of a batch make or unmake. A play is (user_id, session_id, item_in_session, ts): sessions are
-- numbered by whoever writes the logs and start again, so a session and an item alone may stand for several plays.

-- The plays that the days have given so far.
create temp table former_plays as
select s.user_id, s.session_id, s.item_in_session, s.start_time
from sparkify.songplays as s
inner join publishing_days as d on s.event_date = d.event_date
where s.event_date between %(first)s and %(last)s;

-- Days that arrived and are not published give no plays. Those that they share with other days are made anew all the
-- same, out of what the other days hold.
delete from plays
where event_date not in (select event_date from publishing_days);

-- The plays that came no more.
insert into touched_plays (user_id, session_id, item_in_session, start_time, deliveries)
select f.user_id, f.session_id, f.item_in_session, f.start_time, 0
from former_plays as f
left join touched_plays as t
    on
        f.session_id = t.session_id
        and f.item_in_session = t.item_in_session
        and f.user_id = t.user_id
        and f.start_time = t.start_time
where t.session_id is null;
