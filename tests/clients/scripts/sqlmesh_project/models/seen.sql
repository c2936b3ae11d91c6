MODEL (name clients.seen, kind VIEW);

SELECT song, COUNT(*) AS plays FROM clients.plays GROUP BY song;
