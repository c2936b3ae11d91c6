-- warn or block, as SPARKIFY_ALLOWED_VALUES says: a logged-in user is free or paid, and has no gender but F and M
select event_date as partition_key, level, gender, count(*) as records, min(user_id) as user_id
from staging.events
where
    event_date between %(first)s and %(last)s
    and auth = 'Logged In'
    and (rtrim(coalesce(level, '')) not in ('free', 'paid') or rtrim(coalesce(gender, '')) not in ('F', 'M', ''))
group by event_date, level, gender
order by event_date asc, records desc, level asc, gender asc
