# What is kept for the long term: the network, the landing bucket with its data, the key, the logs.

locals {
  name = "sparkify-${var.environment}"
  s3   = "arn:${data.aws_partition.current.partition}:s3:::"

  state_bucket = compact([var.foundation.state_bucket])
  orchestrated = var.orchestrator != null
}

data "aws_partition" "current" {}

module "landing" {
  source = "../../modules/landing"

  name            = local.name
  noncurrent_days = var.foundation.noncurrent_days
  force_destroy   = var.destroy_landing_objects
}

module "arrivals" {
  count  = var.foundation.arrivals == "none" ? 0 : 1
  source = "../../modules/arrivals"

  name          = local.name
  bucket        = module.landing.bucket
  source_prefix = module.landing.source_prefix
  delivery      = var.foundation.arrivals
  kms_key_arn   = module.landing.kms_key_arn
}

module "network" {
  source = "../../modules/network"

  name                 = local.name
  cidr                 = var.foundation.vpc_cidr
  az_count             = var.foundation.az_count
  internet_route       = var.access != "private"
  nat_gateway          = var.foundation.nat_gateway
  readable_bucket_arns = concat([module.landing.bucket_arn], [for bucket in concat(var.extra_source_buckets, local.state_bucket) : "${local.s3}${bucket}"])
  writable_object_arns = concat(
    [for prefix in [module.landing.work_prefix, "dagster-logs/"] : "${module.landing.bucket_arn}/${prefix}*"],
    # Where `sparkify infra backend s3` keeps the states: https://developer.hashicorp.com/terraform/language/backend/s3
    flatten([for bucket in local.state_bucket : [for prefix in ["sparkify/", "env:/"] : "${local.s3}${bucket}/${prefix}*"]]),
  )
  image_layers         = local.orchestrated
  host_updates         = var.access == "port_forward"
  kms_key_arn          = module.landing.kms_key_arn
  log_retention_days   = var.foundation.log_retention_days
  permissions_boundary = var.permissions_boundary
}

# Redshift writes its audit log to groups of these names. It would create them itself, but unencrypted and without a
# retention period: https://docs.aws.amazon.com/redshift/latest/mgmt/db-auditing.html. Here they outlive the cluster.
resource "aws_cloudwatch_log_group" "audit" {
  for_each = toset(["connectionlog", "userlog", "useractivitylog"])

  name              = "/aws/redshift/cluster/${local.name}/${each.key}"
  retention_in_days = var.foundation.log_retention_days
  kms_key_id        = module.landing.kms_key_arn
}

# The same of a workgroup: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-audit-logging.html
resource "aws_cloudwatch_log_group" "serverless_audit" {
  for_each = toset(var.warehouse_kind == "serverless" ? ["connectionlog", "userlog", "useractivitylog"] : [])

  name              = "/aws/redshift/${local.name}/${each.key}"
  retention_in_days = var.foundation.log_retention_days
  kms_key_id        = module.landing.kms_key_arn
}

resource "aws_budgets_budget" "monthly" {
  count = var.foundation.monthly_budget_usd > 0 ? 1 : 0

  name         = "${local.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.foundation.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # Counts only resources with this project's tag, and those only once Project is activated as a cost allocation tag.
  cost_filter {
    name   = "TagKeyValue"
    values = ["user:Project$sparkify"]
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_email_addresses = var.foundation.budget_emails
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    notification_type          = "FORECASTED"
    subscriber_email_addresses = var.foundation.budget_emails
  }
}
