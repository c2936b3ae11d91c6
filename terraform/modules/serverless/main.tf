# A Redshift Serverless warehouse: a namespace, which holds the data, and its workgroup, which computes.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

resource "aws_redshiftserverless_namespace" "this" {
  namespace_name = var.name
  db_name        = var.database

  admin_username                   = var.admin_username
  manage_admin_password            = true
  admin_password_secret_kms_key_id = var.kms_key_arn

  kms_key_id = var.kms_key_arn

  iam_roles            = [var.s3_read_role_arn]
  default_iam_role_arn = var.s3_read_role_arn

  log_exports = ["connectionlog", "userlog", "useractivitylog"]
}

resource "aws_redshiftserverless_workgroup" "this" {
  namespace_name = aws_redshiftserverless_namespace.this.namespace_name
  workgroup_name = var.name

  base_capacity = var.price_performance_target == null ? var.base_capacity : null
  max_capacity  = var.max_capacity

  dynamic "price_performance_target" {
    for_each = var.price_performance_target == null ? [] : [var.price_performance_target]

    content {
      enabled = true
      level   = price_performance_target.value
    }
  }

  port                 = var.port
  subnet_ids           = var.subnet_ids
  security_group_ids   = var.security_group_ids
  publicly_accessible  = var.publicly_accessible
  enhanced_vpc_routing = true

  config_parameter {
    parameter_key   = "require_ssl"
    parameter_value = "true"
  }

  config_parameter {
    parameter_key   = "enable_user_activity_logging"
    parameter_value = "true"
  }

  lifecycle {
    # AWS answers every parameter there is, and the provider takes those that are not listed here for a change:
    # https://github.com/hashicorp/terraform-provider-aws/pull/33916. It cannot list them all, because new ones come that
    # it does not know (its issue 49939). `sparkify infra drift` looks at the two above itself.
    ignore_changes = [config_parameter]
  }
}

# What limits the bill while nobody is watching. RPU hours count what queries and loads use; a workgroup that is idle
# uses none.
resource "aws_redshiftserverless_usage_limit" "compute" {
  for_each = { for period, amount in var.rpu_hours : period => amount if amount != null }

  resource_arn  = aws_redshiftserverless_workgroup.this.arn
  usage_type    = "serverless-compute"
  period        = each.key
  amount        = each.value
  breach_action = var.breach_action
}

# Endpoints for clients in further subnets or VPCs:
# https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-connecting.html
resource "aws_redshiftserverless_endpoint_access" "this" {
  for_each = var.endpoint_access

  endpoint_name          = each.key
  workgroup_name         = aws_redshiftserverless_workgroup.this.workgroup_name
  subnet_ids             = each.value.subnet_ids
  vpc_security_group_ids = each.value.security_group_ids
}
