-- Plays per session
-- How many songs people play at a stretch: sessions by their number of plays.
select
    case
        when plays = 1 then '1'
        when plays <= 3 then '2 to 3'
        when plays <= 7 then '4 to 7'
        when plays <= 15 then '8 to 15'
        when plays <= 31 then '16 to 31'
        when plays <= 63 then '32 to 63'
        else '64 and more'
    end as plays_in_session,
    count(*) as sessions,
    sum(plays) as plays
from (
    select count(*) as plays
    from sparkify.songplays
    group by user_id, session_id
) as played
group by plays_in_session
order by min(played.plays);
