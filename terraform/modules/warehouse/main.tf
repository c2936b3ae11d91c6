# One private, encrypted Redshift warehouse of either kind: a provisioned cluster, or a serverless workgroup.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account     = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  region      = data.aws_region.current.id
  cluster_arn = "arn:${local.partition}:redshift:${local.region}:${local.account}:cluster:${var.name}"

  # What is counted by this had no index before; Terraform moves it to [0] by itself:
  # https://developer.hashicorp.com/terraform/language/modules/develop/refactoring
  provisioned = var.kind == "provisioned" ? 1 : 0
  host        = one(concat(aws_redshift_cluster.this[*].dns_name, module.serverless[*].host))

  # Redshift moves private clusters only (https://docs.aws.amazon.com/redshift/latest/mgmt/managing-cluster-recovery.html), and
  # a Multi-AZ deployment by itself.
  can_relocate = var.access != "allow_list" && !var.multi_az
}

module "serverless" {
  source = "../serverless"
  count  = var.kind == "serverless" ? 1 : 0

  name                = var.name
  subnet_ids          = var.subnet_ids
  security_group_ids  = [aws_security_group.cluster.id]
  publicly_accessible = var.access == "allow_list"
  endpoint_access     = var.serverless.endpoint_access
  port                = var.port

  kms_key_arn           = var.kms_key_arn
  database              = var.database
  admin_username        = var.admin_username
  s3_read_role_arn      = aws_iam_role.s3_read.arn
  permissions_boundary  = var.permissions_boundary
  loader_principal_arns = var.serverless.loader_principal_arns

  base_capacity            = var.serverless.base_capacity
  max_capacity             = var.serverless.max_capacity
  price_performance_target = var.serverless.price_performance_target
  rpu_hours                = var.serverless.rpu_hours
  breach_action            = var.serverless.breach_action
}

resource "aws_redshift_subnet_group" "this" {
  count = local.provisioned

  name        = var.name
  description = "Subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_redshift_parameter_group" "this" {
  count = local.provisioned

  name        = var.name
  description = "TLS only, activity logged, automatic workload management"
  family      = "redshift-2.0"

  parameter {
    name  = "require_ssl"
    value = "true"
  }

  parameter {
    name  = "enable_user_activity_logging"
    value = "true"
  }

  parameter {
    name  = "wlm_json_configuration"
    value = jsonencode([{ auto_wlm = true }])
  }
}

resource "aws_redshift_cluster" "this" {
  #checkov:skip=CKV_AWS_71:logging is enabled by aws_redshift_logging below, which the check does not recognise

  count = local.provisioned

  cluster_identifier = var.name
  database_name      = var.database
  port               = var.port

  snapshot_identifier = var.restore.snapshot_identifier
  snapshot_arn        = var.restore.snapshot_arn
  owner_account       = var.restore.owner_account

  node_type       = var.node_type
  multi_az        = var.multi_az
  cluster_type    = var.node_count > 1 ? "multi-node" : "single-node"
  number_of_nodes = var.node_count

  master_username                   = var.admin_username
  manage_master_password            = true
  master_password_secret_kms_key_id = var.kms_key_arn

  cluster_subnet_group_name            = aws_redshift_subnet_group.this[0].name
  cluster_parameter_group_name         = aws_redshift_parameter_group.this[0].name
  vpc_security_group_ids               = [aws_security_group.cluster.id]
  publicly_accessible                  = var.access == "allow_list"
  enhanced_vpc_routing                 = true
  availability_zone_relocation_enabled = local.can_relocate
  encrypted                            = true
  kms_key_id                           = var.kms_key_arn

  iam_roles            = [aws_iam_role.s3_read.arn]
  default_iam_role_arn = aws_iam_role.s3_read.arn

  automated_snapshot_retention_period = var.snapshot_days
  preferred_maintenance_window        = var.maintenance_window
  allow_version_upgrade               = true
  skip_final_snapshot                 = !var.final_snapshot
  final_snapshot_identifier           = var.final_snapshot ? "${var.name}-final-${terraform_data.birth[0].output}" : null

  # Without this, changes wait for the maintenance window and the next plan shows them again.
  apply_immediately = true

  lifecycle {
    # Where a cluster came from is decided when it is made. Otherwise naming a snapshot would replace the cluster, and so
    # would taking the name out again.
    ignore_changes = [snapshot_identifier, snapshot_arn, owner_account]
  }
}

check "restore_is_for_new_clusters" {
  assert {
    condition = alltrue([for cluster in aws_redshift_cluster.this :
      (var.restore.snapshot_identifier == null || cluster.snapshot_identifier == var.restore.snapshot_identifier) &&
      (var.restore.snapshot_arn == null || cluster.snapshot_arn == var.restore.snapshot_arn)
    ])
    error_message = "restore is read only when a cluster is made, and ${var.name} was not made from this snapshot: destroy the cluster first, or take restore out."
  }
}

# The final snapshot's name must be new each time a cluster is destroyed, and must not change while the cluster exists.
# So it is renewed by the changes that replace the cluster.
resource "terraform_data" "birth" {
  count = local.provisioned

  input            = formatdate("YYYYMMDD-hhmmss", plantimestamp())
  triggers_replace = [var.name, var.database, var.admin_username]

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_redshift_logging" "this" {
  count = local.provisioned

  cluster_identifier   = aws_redshift_cluster.this[0].cluster_identifier
  log_destination_type = "cloudwatch"
  log_exports          = ["connectionlog", "userlog", "useractivitylog"]

  lifecycle {
    # Redshift restores both from the snapshot. The next plan would change them: the admin's name by replacing the cluster.
    # This stands here and not in the cluster: of one that could not be made, Terraform would evaluate a postcondition too,
    # and bury the reason under errors about `self`.
    precondition {
      condition     = aws_redshift_cluster.this[0].master_username == var.admin_username && aws_redshift_cluster.this[0].database_name == var.database
      error_message = "The restored cluster has database ${aws_redshift_cluster.this[0].database_name} and admin user ${aws_redshift_cluster.this[0].master_username}: set database and admin_username to these, and apply again."
    }
  }
}

resource "aws_redshift_snapshot_copy" "this" {
  count = var.snapshot_copy == null ? 0 : local.provisioned

  cluster_identifier               = aws_redshift_cluster.this[0].cluster_identifier
  destination_region               = var.snapshot_copy.destination_region
  snapshot_copy_grant_name         = var.snapshot_copy.grant_name
  retention_period                 = var.snapshot_copy.retention_days
  manual_snapshot_retention_period = var.snapshot_copy.manual_retention_days
}
