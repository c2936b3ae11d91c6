-- One row for each user: the latest event with auth 'Logged In' wins, by (ts, session_id, item_in_session, event_date),
-- then by content (level, first_name, last_name, gender), the greater value first, nulls last, whatever order days
-- come in. Redshift compares text without its trailing blanks, so only their number can tell equal values apart.

-- The best event of each user in the days of the batch. The greatest ts first narrows what has to be sorted.
create temp table latest_events as
select i.user_id, max(i.ts) as event_ts
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
where i.auth = 'Logged In' and i.user_id is not null and i.fault is null
group by i.user_id;

create temp table user_candidates as
select
    i.user_id, i.first_name, i.last_name, i.gender, i.level, i.ts as event_ts,
    i.session_id, i.item_in_session, i.event_date
from incoming_events as i
inner join publishing_days as d on i.event_date = d.event_date
inner join latest_events as l on i.user_id = l.user_id and (i.ts = l.event_ts or l.event_ts is null)
where i.auth = 'Logged In' and i.fault is null;

-- Users whose winning event was in these days and is gone from them: they fall back to the best that is left anywhere.
-- Only for these, one scan of staging.events over auth, user_id, ts and the columns of the row.
create temp table dethroned_users as
select user_id
from (
    select
        {columns of sparkify.users as u}
    from sparkify.users as u
    inner join publishing_days as d on u.event_date = d.event_date
    except
    select
        {columns of sparkify.users}
    from user_candidates
) as gone;

insert into user_candidates
select
    e.user_id, e.first_name, e.last_name, e.gender, e.level, e.ts, e.session_id, e.item_in_session, e.event_date
from staging.events as e
inner join dethroned_users as x on e.user_id = x.user_id
where e.auth = 'Logged In';

-- The row that stands now is a candidate too, unless its event was just taken away.
insert into user_candidates
select
    {columns of sparkify.users as u}
from sparkify.users as u
inner join latest_events as l on u.user_id = l.user_id
left join publishing_days as d on u.event_date = d.event_date
where d.event_date is null;

create temp table winning_users as
select {columns of sparkify.users}
from (
    select
        c.*,
        row_number() over (
            partition by user_id
            order by
                event_ts desc nulls last, session_id desc nulls last, item_in_session desc nulls last, event_date desc,
                level desc nulls last, rtrim(first_name) desc nulls last, rtrim(last_name) desc nulls last,
                gender desc nulls last, len(first_name) desc nulls last, len(last_name) desc nulls last
        ) as place
    from user_candidates as c
) as ranked
where place = 1;

create temp table replaced_users as
select
    {columns of sparkify.users as u}
from sparkify.users as u
inner join (
    select user_id from winning_users
    union
    select user_id from dethroned_users
) as t on u.user_id = t.user_id;

delete from sparkify.users
using replaced_users
where users.user_id = replaced_users.user_id;

insert into sparkify.users (
    {columns of sparkify.users}
)
select {columns of sparkify.users}
from winning_users;

select
    c.came - k.kept as inserted,
    k.kept - u.unchanged as updated,
    w.went - k.kept as deleted,
    u.unchanged
from
    (select count(*) as came from winning_users) as c,
    (select count(*) as went from replaced_users) as w,
    (
        select count(*) as kept
        from replaced_users as r
        inner join winning_users as n on r.user_id = n.user_id
    ) as k,
    (
        select count(*) as unchanged
        from (
            select
                {columns of sparkify.users},
                {letters of sparkify.users} as letters
            from replaced_users
            intersect
            select
                {columns of sparkify.users},
                {letters of sparkify.users} as letters
            from winning_users
        ) as same
    ) as u;
