# The snapshots of sparkify-prod, which is in us-west-2, also go to us-east-2.

provider "aws" {
  region = "us-east-2"
}

module "snapshot_copies" {
  source = "../.."

  name = "sparkify-prod"
}

output "grant_name" {
  description = "What sparkify-prod names in warehouse.snapshot_copy.grant_name."
  value       = module.snapshot_copies.grant_name
}
