-- Are trailing blanks of no account where text is compared?
-- docs: r_Character_types
-- only on Redshift
-- expected: 2 | 1
create temp table words (word varchar(8));

insert into words values ('x'), ('x ');

select
    (select count(*) from words where word = 'x') as equal_to_x,
    (select count(distinct word) from words) as distinct_words;
