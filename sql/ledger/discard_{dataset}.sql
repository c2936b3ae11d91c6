-- rows of these partitions that are blocked give way to a newer version
delete from incoming.{dataset}
where {partition_column} in {partition_values};
