-- Why plays have a song or none
-- A play matches a song by equal title and artist name. Guests are names after feat., featuring or ft.; each title
-- counts where the library comes nearest to it.
with {near_titles},

{nearness},

found as (
    select nearness, plays from near_titles
    union all
    select 1, count(*)
    from delivered_plays
    where song_id is not null
    group by song, artist
),

counted as (
    select nearness, sum(plays) as plays, count(*) as titles
    from found
    group by nearness
)

select
    n.reason,
    coalesce(c.plays, 0) as plays,
    coalesce(c.titles, 0) as titles,
    cast(100.0 * coalesce(c.plays, 0) / t.plays as decimal(9, 6)) as plays_percent
from nearness as n
inner join (select sum(plays) as plays from counted) as t on t.plays > 0
left join counted as c on n.nearness = c.nearness
order by n.nearness;
