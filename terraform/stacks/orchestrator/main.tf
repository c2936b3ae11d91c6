# Dagster's own home: what runs the loads day and night. It knows the warehouse by name only, so each of the two can be
# made first, and destroyed while the other stays.

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

data "aws_caller_identity" "current" {}

locals {
  foundation = data.terraform_remote_state.foundation.outputs

  serverless = var.warehouse_kind == "serverless"

  # A workgroup is loaded by the role that owns its tables, which stack warehouse makes by this name.
  warehouse_url = join("", [
    local.serverless ? "redshift-serverless" : "redshift", "://${local.foundation.name}/sparkify?region=${var.region}",
    local.serverless ? "&role=arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/${local.foundation.name}-loader" : "",
  ])

  settings = merge(
    {
      SPARKIFY_SOURCE     = local.foundation.source_url
      SPARKIFY_WORK       = local.foundation.work_url
      SPARKIFY_WAREHOUSE  = coalesce(var.orchestrator.warehouse_url, local.warehouse_url)
      DAGSTER_LOGS_BUCKET = local.foundation.landing_bucket
    },
    try(local.foundation.queue_url, "") == "" ? {} : { SPARKIFY_QUEUE = local.foundation.queue_url },
  )

  # The same file that a server's role is given by hand (docs/deploy.md).
  task_policy = templatefile("${path.root}/../../../deploy/orchestrator-policy.json", {
    region  = var.region
    account = data.aws_caller_identity.current.account_id
    cluster = local.foundation.name
    bucket  = local.foundation.landing_bucket
    key_arn = local.foundation.kms_key_arn
  })
}

module "orchestrator" {
  source = "../../modules/orchestrator"

  name               = local.foundation.name
  vpc_id             = local.foundation.vpc_id
  vpc_cidr           = local.foundation.vpc_cidr
  subnet_ids         = local.foundation.subnet_ids
  security_group_id  = terraform_data.prepared.output
  kms_key_arn        = local.foundation.kms_key_arn
  log_retention_days = local.foundation.log_retention_days
  task_policy        = local.task_policy

  settings             = local.settings
  image_tag            = var.orchestrator.image_tag
  cpu_architecture     = var.orchestrator.cpu_architecture
  services_size        = var.orchestrator.services_size
  run_size             = var.orchestrator.run_size
  permissions_boundary = var.permissions_boundary
  database             = var.orchestrator.database
  endpoint_zones       = var.orchestrator.endpoint_zones
  load_balancer        = var.orchestrator.load_balancer
  interface_endpoints = local.foundation.nat_gateway ? [] : concat([
    "ec2", "ecr.api", "ecr.dkr", "ecs", "logs", "secretsmanager", "sqs", "ssmmessages",
    local.serverless ? "redshift-serverless" : "redshift",
  ], local.serverless ? ["sts"] : [])
}

# The tasks' security group, without which nothing here could be reached or could reach anything.
resource "terraform_data" "prepared" {
  input = try(local.foundation.orchestrator_security_group_id, null)

  lifecycle {
    precondition {
      condition     = try(local.foundation.orchestrator_security_group_id, null) != null
      error_message = "The foundation was not built for an orchestrator: set orchestrator = {} in environments/${var.environment}.tfvars and apply the foundation first."
    }
  }
}
