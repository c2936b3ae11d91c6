-- Session length
-- How long people listen at a stretch: sessions by the time from their first play to the start of their last.
select
    case
        when seconds < 300 then 'under 5 min'
        when seconds < 900 then '5 to 15 min'
        when seconds < 1800 then '15 to 30 min'
        when seconds < 3600 then '30 to 60 min'
        when seconds < 7200 then '1 to 2 h'
        when seconds < 14400 then '2 to 4 h'
        else '4 h and more'
    end as length,
    count(*) as sessions
from (
    select floor(extract(epoch from max(start_time))) - floor(extract(epoch from min(start_time))) as seconds
    from sparkify.songplays
    group by user_id, session_id
) as lasted
group by length
order by min(seconds);
