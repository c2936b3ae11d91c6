MODEL (
  name clients.daily,
  kind INCREMENTAL_BY_TIME_RANGE (time_column (day, '%Y-%m-%d')),
  start '2018-11-01',
  cron '@daily'
);

SELECT played_at::DATE AS day, COUNT(*) AS plays FROM clients.plays
WHERE played_at BETWEEN @start_ts AND @end_ts GROUP BY 1;
