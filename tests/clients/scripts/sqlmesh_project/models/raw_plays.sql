MODEL (
  name clients.raw_plays,
  kind SEED (path '../seeds/raw_plays.csv'),
  columns (id INTEGER, song VARCHAR(100), played_at TIMESTAMP)
);
