-- The titles by which plays find a song: each song under every name that the records of its artist give.
-- A song is looked at again where its own records changed, or those of its artist.
create temp table retitled_songs as
select song_id
from touched_songs
union
select s.song_id
from sparkify.songs as s
inner join touched_artists as a on s.artist_id = a.artist_id;

create temp table former_titles as
select {columns of staging.song_titles as t}
from staging.song_titles as t
inner join retitled_songs as r on t.song_id = r.song_id;

create temp table artist_names as
select distinct n.artist_id, rtrim(n.artist_name) as artist_name
from staging.songs as n
inner join (
    select distinct s.artist_id
    from sparkify.songs as s
    inner join retitled_songs as r on s.song_id = r.song_id
) as a on n.artist_id = a.artist_id
where n.artist_name is not null;

create temp table current_titles as
select s.song_id, s.artist_id, rtrim(s.title) as title, n.artist_name, s.duration
from sparkify.songs as s
inner join retitled_songs as r on s.song_id = r.song_id
inner join artist_names as n on s.artist_id = n.artist_id
where s.title is not null;

-- What changed: plays that name these titles are matched again.
create temp table touched_titles as
select title, artist_name
from (
    select {columns of staging.song_titles} from former_titles
    except
    select {columns of staging.song_titles} from current_titles
) as gone
union
select title, artist_name
from (
    select {columns of staging.song_titles} from current_titles
    except
    select {columns of staging.song_titles} from former_titles
) as come;

delete from staging.song_titles
using retitled_songs
where song_titles.song_id = retitled_songs.song_id;

insert into staging.song_titles ({columns of staging.song_titles})
select {columns of staging.song_titles}
from current_titles;
