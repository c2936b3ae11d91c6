-- How much the library knows of a title and an artist that no song has together: the titles by such artists in other
-- case, how many songs have the title and whose the first one is, how many the artist has and which is the first.
select
    count(
        case when lower(title) = lower(%(song)s) and lower(artist_name) = lower(%(artist)s) then 1 end
    ) as in_other_case,
    count(distinct case when lower(title) = lower(%(song)s) then song_id end) as of_title,
    min(case when lower(title) = lower(%(song)s) then artist_name end) as first_artist,
    count(distinct case when lower(artist_name) = lower(%(artist)s) then song_id end) as of_artist,
    min(case when lower(artist_name) = lower(%(artist)s) then title end) as first_title
from staging.song_titles;
