# A landing bucket that keeps what was overwritten for a year.

provider "aws" {
  region = "us-west-2"
}

module "landing" {
  source = "../.."

  name            = "sparkify-example"
  noncurrent_days = 365
}

output "bucket" {
  description = "Name of the landing bucket."
  value       = module.landing.bucket
}
