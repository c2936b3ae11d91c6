-- what stands in the star was made by these rules
update ledger.loads
set sql_hash = %(sql_hash)s, published_at = getdate()
where state = 'published';
