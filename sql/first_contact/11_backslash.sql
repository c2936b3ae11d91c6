-- Does a text with a backslash and a quote come back as it was sent?
-- docs: r_CHAR_VARCHAR_strings
-- expected: a\b"c'd
select %(text)s as sent_text;
