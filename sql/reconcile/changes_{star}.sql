-- how {star} rebuilt differs from {star} as it stood
-- letters: Redshift compares text without its trailing blanks, which its length counts
select
    c.came - k.kept as inserted,
    k.kept - u.unchanged as updated,
    w.went - k.kept as deleted,
    u.unchanged
from
    (select count(*) as came from sparkify.{star}) as c,
    (select count(*) as went from former_{star}) as w,
    (
        select count(*) as kept
        from former_{star} as f
        inner join sparkify.{star} as n on {key of sparkify.{star} as f} = {key of sparkify.{star} as n}
    ) as k,
    (
        select count(*) as unchanged
        from (
            select
                {columns of sparkify.{star}},
                {letters of sparkify.{star}} as letters
            from former_{star}
            intersect
            select
                {columns of sparkify.{star}},
                {letters of sparkify.{star}} as letters
            from sparkify.{star}
        ) as same
    ) as u;
