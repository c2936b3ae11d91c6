MODEL (name clients.songs, kind INCREMENTAL_BY_UNIQUE_KEY (unique_key id));

SELECT id, song FROM clients.plays;
