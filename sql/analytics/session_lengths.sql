-- Session length
-- How long people listen at a stretch: sessions by the time from their first play to the start of their last.
select
    case place
        when 1 then 'under 5 min'
        when 2 then '5 to 15 min'
        when 3 then '15 to 30 min'
        when 4 then '30 to 60 min'
        when 5 then '1 to 2 h'
        when 6 then '2 to 4 h'
        else '4 h and more'
    end as length,
    count(*) as sessions
from (
    select
        case
            when last_start < first_start + interval '5 minutes' then 1
            when last_start < first_start + interval '15 minutes' then 2
            when last_start < first_start + interval '30 minutes' then 3
            when last_start < first_start + interval '60 minutes' then 4
            when last_start < first_start + interval '2 hours' then 5
            when last_start < first_start + interval '4 hours' then 6
            else 7
        end as place
    from (
        select min(start_time) as first_start, max(start_time) as last_start
        from sparkify.songplays
        group by user_id, session_id
    ) as sessions_of_users
) as lasted
group by place
order by place;
