-- Do DELETE ... USING and UPDATE ... FROM take a table of the session?
-- docs: r_DELETE, r_UPDATE
-- expected: 2 | 20
create temp table plays (id integer, level integer);

create temp table gone (id integer);

insert into plays values (1, 1), (2, 2);

insert into gone values (1);

delete from plays
using gone
where plays.id = gone.id;

update plays
set level = plays.level * n.factor
from (select 2 as id, 10 as factor) as n
where plays.id = n.id;

select id, level
from plays;
