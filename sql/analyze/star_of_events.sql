analyze sparkify.songplays;

analyze sparkify.users;

analyze sparkify.time;
