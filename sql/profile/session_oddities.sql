-- what is odd between records: keys that are there twice, files of another day, gaps in sessions
with keys as (
    select user_id, session_id, item, ts, sum(records) as records
    from chunk_sessions
    where session_id is not null and item is not null
    group by user_id, session_id, item, ts
),

-- Events of nobody fill the places of a session that a user's leave, so a session is looked at whole.
gaps as (
    select session_id
    from keys
    group by session_id
    having max(item) - min(item) + 1 <> count(distinct item)
),

found as (
    select
        'delivered more than once' as rule,
        records - 1 as records,
        concat(session_id, '-', item) as example
    from keys
    where records > 1
    union all
    select 'in a file of another day', records, concat(event_day, ' in ', file_day)
    from chunk_sessions
    where event_day <> file_day
    union all
    select 'session with a gap', 1, cast(session_id as varchar)
    from gaps
)

select rule, sum(records) as records, list(distinct example order by example)[:3] as examples
from found
group by rule
order by rule;
