{{ config(materialized='incremental', unique_key='id', on_schema_change='append_new_columns') }}
select id, song, played_at from {{ ref('plays') }}
{% if is_incremental() %}
where played_at >= (select max(played_at) from {{ this }})
{% endif %}
