# A home with an internal load balancer, a protected database in two zones and a NAT gateway instead of endpoints.

provider "aws" {
  region = "us-west-2"
}

module "orchestrator" {
  source = "../.."

  name                 = "sparkify-example"
  vpc_id               = "vpc-0123456789abcdef0"
  vpc_cidr             = "10.40.0.0/16"
  subnet_ids           = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_id    = "sg-0123456789abcdef0"
  kms_key_arn          = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
  task_policy          = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::landing/*" }] })
  settings             = { SPARKIFY_SOURCE = "s3://landing/landing" }
  image_tag            = "3f2a1b0"
  cpu_architecture     = "ARM64"
  interface_endpoints  = []
  database             = { multi_az = true, backup_days = 35 }

  load_balancer = {
    certificate_arn = "arn:aws:acm:us-west-2:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    client_cidrs    = ["10.0.0.0/8"]
  }
}

output "web_url" {
  description = "Address of the web UI."
  value       = module.orchestrator.web_url
}
