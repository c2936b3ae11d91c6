provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "sparkify"
      Environment = var.environment
      Stack       = "warehouse"
      Owner       = var.owner
      ManagedBy   = "terraform"
    }
  }
}
