-- what is odd in itself, by rule, with the first three examples
select rule, field, sum(records) as records, list(text order by text)[:3] as examples
from (
    select
        v.field, v.text, v.records,
        unnest([
            -- two or three letters that are the bytes of one in UTF-8, as when it was encoded twice
            if(
                v.type = 'text'
                and regexp_matches(v.text, '[\x{C2}-\x{DF}][\x{80}-\x{BF}]|[\x{E0}-\x{EF}][\x{80}-\x{BF}]{2}'),
                'doubly encoded text', null
            ),
            if(v.type = 'text' and regexp_matches(v.text, '[\x00-\x1F\x7F]'), 'control characters', null),
            if(v.type = 'text' and v.text <> trim(v.text), 'spaces at an end', null),
            if(v.type = 'number' and c.is_text, 'a number where text is expected', null),
            if(
                v.type = 'text' and not c.is_text and v.text <> '' and try_cast(v.text as double) is null,
                'text where a number is expected', null
            ),
            if(v.type in ('object', 'list', 'boolean'), 'neither text nor number', null),
            if(c.is_text and strlen(v.text) > c.width, 'longer than its column', null)
        ]) as rule
    from field_values as v
    left join columns as c on v.field = c.field
)
where rule is not null
group by rule, field
order by records desc, rule, field;
