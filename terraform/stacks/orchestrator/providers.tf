provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "sparkify"
      Environment = var.environment
      Stack       = "orchestrator"
      Owner       = var.owner
      ManagedBy   = "terraform"
    }
  }
}
