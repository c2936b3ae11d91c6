{{ config(materialized='view', bind=False) }}
select day, count(*) as plays from {{ ref('plays') }} group by day
