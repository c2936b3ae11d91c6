{{ config(materialized='table', dist='id', sort=['played_at']) }}
select
    id,
    coalesce(song, 'unknown')::varchar(100) as song,
    played_at,
    trunc(played_at) as day
from {{ ref('raw_plays') }}
