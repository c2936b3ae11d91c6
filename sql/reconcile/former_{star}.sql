-- {star} as it stands, set aside while the star is rebuilt for comparison
create temp table former_{star} as
select
    {columns of sparkify.{star}}
from sparkify.{star};
