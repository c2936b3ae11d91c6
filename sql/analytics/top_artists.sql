-- Top artists
-- The ten artists played most, by the names that the player sent, and by how many users.
-- A play that one file delivered more than once counts once.
with {delivered_plays}

select artist, count(*) as plays, count(distinct user_id) as users
from delivered_plays
where artist is not null
group by artist
order by plays desc, artist asc
limit 10;
