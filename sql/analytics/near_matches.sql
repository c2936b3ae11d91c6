-- Titles that nearly match
-- The twenty titles without a song that the library comes nearest to, the most played first, and what it has instead;
-- of several, the first by name.
with {near_titles},

{nearness}

select f.song, f.artist, f.nearest_title, f.nearest_artist, n.reason, f.plays
from near_titles as f
inner join nearness as n on f.nearness = n.nearness
where f.nearness between 2 and 4
order by f.nearness asc, f.plays desc, f.song asc, f.artist asc
limit 20;
