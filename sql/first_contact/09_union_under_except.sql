-- Do EXCEPT and UNION ALL nest, as sql/reconcile has them?
-- docs: r_UNION
-- expected: missing | a
-- expected: surplus | c
create temp table mine (k varchar(8));

create temp table yours (k varchar(8));

insert into mine values ('a'), ('b');

insert into yours values ('b'), ('c');

select 'missing' as finding, k
from (
    (select k from mine)
    except
    (select k from yours)
) as missing
union all
select 'surplus' as finding, k
from (
    (select k from yours)
    except
    (select k from mine)
) as surplus
order by finding, k;
