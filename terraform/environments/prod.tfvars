# Production: two Graviton nodes that run during working hours (UTC); nothing is read from outside the account.

environment = "prod"
region      = "us-west-2"
owner       = "data-platform"

access               = "private"
extra_source_buckets = []
permissions_boundary = null # the ARN of your organization's boundary, if it has one

foundation = {
  vpc_cidr           = "10.30.0.0/16"
  az_count           = 3
  noncurrent_days    = 365
  log_retention_days = 365
}

warehouse = {
  node_type     = "rg.xlarge"
  node_count    = 2
  snapshot_days = 35
  pause_schedule = {
    pause  = "cron(0 20 * * ? *)"
    resume = "cron(0 5 ? * MON-FRI *)"
  }
}
