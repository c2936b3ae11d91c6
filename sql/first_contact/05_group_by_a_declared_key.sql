-- Does GROUP BY see two rows of one declared primary key?
-- docs: t_Defining_constraints
-- only on Redshift
-- expected: a | 2
create temp table keyed (k varchar(8) not null, v integer, primary key (k));

insert into keyed values ('a', 1), ('a', 2), ('b', 3);

select k, count(*) as copies
from keyed
group by k
having count(*) > 1;
