provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "sparkify"
      Environment = var.environment
      Stack       = "foundation"
      Owner       = var.owner
      ManagedBy   = "terraform"
    }
  }
}
