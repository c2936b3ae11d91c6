# Dagster on ECS: one service whose task holds code server, daemon and web UI, a database for its records, and a task
# definition for runs. The three processes share one task because they share one image, one role and one life: the code
# server then listens on loopback only, and neither service discovery nor a second and third task is paid for.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65:its metrics would cost as much as the database, and each container's health is in the service's events
  name = "${var.name}-dagster"

  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/dagster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ecr_repository" "this" {
  name                 = "${var.name}-dagster"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true # an image can be built again from the commit that its tag names

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the latest images only"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 20 }
      action       = { type = "expire" }
    }]
  })
}
