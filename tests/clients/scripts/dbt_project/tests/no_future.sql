select * from {{ ref('plays') }} where played_at > getdate()
