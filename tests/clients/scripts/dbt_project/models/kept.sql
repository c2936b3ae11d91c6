{{ config(materialized='materialized_view', auto_refresh=False) }}
select day, count(*) as plays from {{ ref('plays') }} group by day
