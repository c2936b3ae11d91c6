# A workgroup that Redshift sizes by itself between price and speed, with limits for a day and a month.

provider "aws" {
  region = "us-west-2"
}

module "serverless" {
  source = "../.."

  name               = "sparkify-example"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]
  security_group_ids = ["sg-0123456789abcdef0"]
  kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  s3_read_role_arn   = "arn:aws:iam::123456789012:role/sparkify-example-s3-read"

  loader_principal_arns = ["arn:aws:iam::123456789012:role/orchestrator"]

  price_performance_target = 25
  max_capacity             = 64
  rpu_hours                = { daily = 24, monthly = 200 }

  endpoint_access = {
    reports = {
      subnet_ids         = ["subnet-0123456789abcdef3"]
      security_group_ids = ["sg-0123456789abcdef1"]
    }
  }
}

output "host" {
  description = "DNS name of the workgroup's endpoint."
  value       = module.serverless.host
}
