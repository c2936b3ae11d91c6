-- May a table of the session be analyzed in the transaction that filled it?
-- docs: r_ANALYZE
-- expected: 3
create temp table filled (i integer);

insert into filled values (1), (2), (3);

analyze filled;

select count(*) as counted
from filled;
