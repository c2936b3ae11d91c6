-- The published rows of a {partition} come along with the batch.
insert into incoming_{dataset} (
    batch_id, {columns of staging.{dataset}}
)
select
    %(batch_id)s, {columns of staging.{dataset}}
from staging.{dataset}
where {is_of_partition};
