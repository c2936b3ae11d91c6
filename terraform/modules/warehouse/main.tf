# One private, encrypted Redshift cluster.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account     = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  region      = data.aws_region.current.name
  cluster_arn = "arn:${local.partition}:redshift:${local.region}:${local.account}:cluster:${var.name}"

  # Redshift moves private clusters only (https://docs.aws.amazon.com/redshift/latest/mgmt/managing-cluster-recovery.html), and
  # a Multi-AZ deployment by itself.
  can_relocate = var.access != "allow_list" && !var.multi_az
}

resource "aws_redshift_subnet_group" "this" {
  name        = var.name
  description = "Subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_redshift_parameter_group" "this" {
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

  cluster_identifier = var.name
  database_name      = var.database
  port               = var.port

  node_type       = var.node_type
  multi_az        = var.multi_az
  cluster_type    = var.node_count > 1 ? "multi-node" : "single-node"
  number_of_nodes = var.node_count

  master_username                   = var.admin_username
  manage_master_password            = true
  master_password_secret_kms_key_id = var.kms_key_arn

  cluster_subnet_group_name            = aws_redshift_subnet_group.this.name
  cluster_parameter_group_name         = aws_redshift_parameter_group.this.name
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
  final_snapshot_identifier           = var.final_snapshot ? "${var.name}-final-${terraform_data.birth.output}" : null

  # Without this, changes wait for the maintenance window and the next plan shows them again.
  apply_immediately = true
}

# The final snapshot's name must be new each time a cluster is destroyed, and must not change while the cluster exists.
# So it is renewed by the changes that replace the cluster.
resource "terraform_data" "birth" {
  input            = formatdate("YYYYMMDD-hhmmss", plantimestamp())
  triggers_replace = [var.name, var.database, var.admin_username]

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_redshift_logging" "this" {
  cluster_identifier   = aws_redshift_cluster.this.cluster_identifier
  log_destination_type = "cloudwatch"
  log_exports          = ["connectionlog", "userlog", "useractivitylog"]
}
