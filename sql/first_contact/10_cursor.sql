-- Does a cursor bring rows by FETCH FORWARD?
-- docs: declare
-- expected: 1
-- expected: 2
create temp table numbers (i integer);

insert into numbers values (1), (2);

declare first_contact cursor for
select i
from numbers
order by i;

fetch forward 1000 from first_contact;
