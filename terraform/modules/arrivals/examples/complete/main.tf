# A queue for a bucket that others use too, and whose notifications must stay as they are.

provider "aws" {
  region = "us-west-2"
}

module "arrivals" {
  source = "../.."

  name              = "sparkify-example"
  bucket            = "shared-data-lake"
  source_prefix     = "music/raw/"
  delivery          = "eventbridge"
  retention_days    = 4
  max_receive_count = 3
}

output "queue_url" {
  description = "URL of the queue."
  value       = module.arrivals.queue_url
}
