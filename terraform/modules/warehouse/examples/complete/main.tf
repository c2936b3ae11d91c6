# A two-node cluster that one office may reach over the internet, running on working days only.

provider "aws" {
  region = "us-west-2"
}

module "warehouse" {
  source = "../.."

  name              = "sparkify-example"
  vpc_id            = "vpc-0123456789abcdef0"
  subnet_ids        = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  s3_prefix_list_id = "pl-68a54001"
  kms_key_arn       = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"

  access       = "allow_list"
  client_cidrs = ["203.0.113.0/24"]

  landing_bucket_arn   = "arn:aws:s3:::sparkify-example-landing-123456789012"
  extra_source_buckets = ["udacity-dend"]

  node_type  = "ra3.xlplus"
  node_count = 2

  pause_schedule = {
    pause  = "cron(0 20 * * ? *)"
    resume = "cron(0 5 ? * MON-FRI *)"
  }
}

output "host" {
  description = "DNS name of the cluster's endpoint."
  value       = module.warehouse.host
}
