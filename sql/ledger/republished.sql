-- what stands in the star was made by these rules
update ledger.loads
set star_rules = %(star_rules)s, published_at = getdate()
where state = 'published';
