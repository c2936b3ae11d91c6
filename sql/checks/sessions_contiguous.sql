-- warn: the items of a session follow one another; a session over midnight is seen whole only with both its days
select
    min(event_date) as partition_key, session_id,
    min(item_in_session) as first_item, max(item_in_session) as last_item, count(distinct item_in_session) as items
from staging.events
where event_date between %(first)s and %(last)s and session_id is not null and item_in_session is not null
group by session_id
having count(distinct item_in_session) <> max(item_in_session) - min(item_in_session) + 1
