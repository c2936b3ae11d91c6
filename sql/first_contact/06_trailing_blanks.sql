-- Are trailing blanks of no account where text is compared?
-- docs: r_Character_types
-- expected: 2 | 1
create temp table words (word varchar(8));

insert into words values ('x'), ('x ');

select
    count(case when word = 'x' then 1 end) as equal_to_x,
    count(distinct word) as distinct_words
from words;
