{% snapshot songs %}
{{ config(target_schema=env_var('CLIENT_SCHEMA'), unique_key='id', strategy='check', check_cols=['song']) }}
select id, song from {{ ref('raw_plays') }}
{% endsnapshot %}
