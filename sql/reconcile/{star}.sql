-- {star} as it stood against {star} rebuilt from staging in this transaction; rows of each content are counted
-- letters: Redshift compares text without its trailing blanks, which its length counts
with rebuilt as (
    select
        {columns of sparkify.{star}},
        {letters of sparkify.{star}} as letters,
        count(*) as copies
    from sparkify.{star}
    group by
        {columns of sparkify.{star}}, letters
),

former as (
    select
        {columns of sparkify.{star}},
        {letters of sparkify.{star}} as letters,
        count(*) as copies
    from former_{star}
    group by
        {columns of sparkify.{star}}, letters
)

select
    'missing' as finding,
    {key of sparkify.{star}},
    event_date, -- songplays, users only
    copies
from (
    select * from rebuilt
    except
    select * from former
) as missing
union all
select
    'surplus' as finding,
    {key of sparkify.{star}},
    event_date, -- songplays, users only
    copies
from (
    select * from former
    except
    select * from rebuilt
) as surplus
order by finding, {key of sparkify.{star}};
