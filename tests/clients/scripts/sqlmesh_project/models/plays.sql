MODEL (name clients.plays, kind FULL, grain id, audits (unique_values(columns := (id)), not_null(columns := (id))));

SELECT id::INTEGER AS id, song::VARCHAR(100) AS song, played_at::TIMESTAMP AS played_at FROM clients.raw_plays;
