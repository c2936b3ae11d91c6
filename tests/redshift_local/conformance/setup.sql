-- What all cases may query; it belongs to the session, so that it touches nothing of a Redshift on which they run.
create temp table d (
    i integer, b bigint, s smallint, m decimal(8,2), f float8, r real, v varchar(20), c char(10), dt date, ts timestamp,
    tz timestamptz, t time, bo boolean
);
insert into d values
    (5, 5, 5, 10.00, 2.5, 2.5, 'ab  ', 'ab', '2018-11-30', '2018-11-30 17:10:03.189717', '2018-11-30 17:10:03.189717+00', '17:10:03.189717', true),
    (2, 2, 2, 3.00, 3.5, 3.5, 'ab', 'ab', '2018-11-01', '2009-09-09 12:08:43.101', '2009-09-09 12:08:43.101+00', '12:08:43.101', false);
