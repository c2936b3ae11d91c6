# What may be destroyed every night: the cluster and everything that depends on it.

# Reads the foundation's outputs from its state. With an S3 backend, backend_override.tf replaces this source
# together with the stack's own backend.
data "terraform_remote_state" "foundation" {
  backend   = "local"
  workspace = terraform.workspace

  config = {
    path          = "../foundation/terraform.tfstate"
    workspace_dir = "../foundation/terraform.tfstate.d"
  }
}

locals {
  foundation = data.terraform_remote_state.foundation.outputs
}

module "warehouse" {
  source = "../../modules/warehouse"

  kind              = var.warehouse_kind
  name              = local.foundation.name
  vpc_id            = local.foundation.vpc_id
  subnet_ids        = local.foundation.subnet_ids
  s3_prefix_list_id = local.foundation.s3_prefix_list_id
  kms_key_arn       = local.foundation.kms_key_arn

  access       = var.access
  client_cidrs = var.warehouse.client_cidrs

  # Not in a state of before there was such a group.
  client_security_group_ids = compact([try(local.foundation.orchestrator_security_group_id, null)])

  port = var.warehouse.port

  landing_bucket_arn   = local.foundation.landing_bucket_arn
  landing_prefixes     = local.foundation.landing_prefixes
  extra_source_buckets = var.extra_source_buckets
  permissions_boundary = var.permissions_boundary

  node_type      = var.warehouse.node_type
  node_count     = var.warehouse.node_count
  max_node_count = var.warehouse.max_node_count
  multi_az       = var.warehouse.multi_az
  snapshot_days  = var.warehouse.snapshot_days
  final_snapshot = var.warehouse.final_snapshot
  database       = var.warehouse.database
  admin_username = var.warehouse.admin_username
  restore        = var.warehouse.restore
  snapshot_copy  = var.warehouse.snapshot_copy

  pause_schedule              = var.warehouse.pause_schedule
  concurrency_scaling_minutes = var.warehouse.concurrency_scaling_minutes
  spectrum_terabytes          = var.warehouse.spectrum_terabytes

  serverless = var.warehouse.serverless
}

check "network_fits_access" {
  assert {
    condition     = local.foundation.access == var.access
    error_message = "The foundation was built for access = ${local.foundation.access}, this stack wants ${var.access}: apply the foundation with the same value first."
  }
}
