# A network in which laptops may reach the cluster: with a route to the internet.

provider "aws" {
  region = "us-west-2"
}

module "network" {
  source = "../.."

  name                 = "sparkify-example"
  cidr                 = "10.40.0.0/16"
  az_count             = 3
  internet_route       = true
  readable_bucket_arns = ["arn:aws:s3:::udacity-dend"]
  writable_object_arns = ["arn:aws:s3:::sparkify-example-landing-123456789012/work/*"]
  kms_key_arn          = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  log_retention_days   = 400
}

output "subnet_ids" {
  description = "IDs of the subnets."
  value       = module.network.subnet_ids
}
