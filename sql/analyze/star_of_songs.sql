analyze staging.song_titles;

analyze sparkify.songs;

analyze sparkify.artists;
