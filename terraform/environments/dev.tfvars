# Development: one small node, paused every evening (UTC), resumed by hand or by the first load.
# These are the stacks' defaults, so that a plain `terraform apply` creates the same.

environment = "dev"
region      = "us-west-2"
owner       = "data-platform"

access               = "private"
extra_source_buckets = ["udacity-dend"]

foundation = {
  vpc_cidr           = "10.20.0.0/16"
  az_count           = 2
  noncurrent_days    = 90
  log_retention_days = 365
}

warehouse = {
  node_type      = "ra3.large"
  node_count     = 1
  pause_schedule = { pause = "cron(0 20 * * ? *)" }
}
