{{ config(materialized='view') }}
select day, count(*) as plays from {{ ref('plays') }} group by day
